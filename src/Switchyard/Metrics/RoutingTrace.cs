namespace Switchyard.Metrics;

/// <summary>Every choice of every MoE layer over a text, in order: what locality, working set, coverage and cache curve are computed from.</summary>
/// <remarks>It holds 2 bytes a slot, so 2·T·k bytes a layer. A whole text is read as a decoder reads it: token by token, and each token through all layers.</remarks>
public sealed class RoutingTrace
{
    /// <summary>Stands for an empty slot.</summary>
    public const ushort Empty = ushort.MaxValue;

    private readonly ushort[][] _choices;

    /// <summary>Makes a trace of recorded choices, which it keeps without a copy.</summary>
    /// <param name="layers">Indices of the MoE layers in the model.</param>
    /// <param name="experts">Experts of a layer, E.</param>
    /// <param name="slots">Slots of a token, k.</param>
    /// <param name="choices">Experts by layer, each [T, k] row-major, distinct within a token, <see cref="Empty"/> for an empty slot.</param>
    /// <param name="sequenceStarts">First token of each sequence, ascending, beginning with 0 (empty where there is no token).</param>
    /// <exception cref="ArgumentException">Sizes do not fit each other or an expert is out of range.</exception>
    public RoutingTrace(IReadOnlyList<int> layers, int experts, int slots, IReadOnlyList<ushort[]> choices, IReadOnlyList<int> sequenceStarts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(experts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(experts, (int)Empty);
        _choices = [.. choices];
        Layers = layers;
        Experts = experts;
        Slots = slots;
        SequenceStarts = sequenceStarts;
        Tokens = _choices.Length == 0 ? 0 : _choices[0].Length / slots;
        if (_choices.Length != layers.Count || _choices.Any(c => c.Length != Tokens * slots))
        {
            throw new ArgumentException($"each of {layers.Count} layers needs {Tokens} × {slots} choices", nameof(choices));
        }

        if (_choices.Any(c => c.Any(e => e >= experts && e != Empty)))
        {
            throw new ArgumentException($"a choice is outside 0..{experts - 1}", nameof(choices));
        }

        if (sequenceStarts.Count == 0 ? Tokens > 0 : sequenceStarts[0] != 0 || sequenceStarts.Zip(sequenceStarts.Skip(1)).Any(p => p.First >= p.Second) || sequenceStarts[^1] >= Math.Max(1, Tokens))
        {
            throw new ArgumentException($"sequences must begin at ascending tokens, from 0 and below {Tokens}", nameof(sequenceStarts));
        }
    }

    /// <summary>Indices of the MoE layers in the model, L of them.</summary>
    public IReadOnlyList<int> Layers { get; }

    /// <summary>Experts of a layer, E.</summary>
    public int Experts { get; }

    /// <summary>Slots of a token, k.</summary>
    public int Slots { get; }

    /// <summary>Tokens T, padding excluded.</summary>
    public int Tokens { get; }

    /// <summary>First token of each sequence.</summary>
    public IReadOnlyList<int> SequenceStarts { get; }

    /// <summary>Choices [T, k] of the i-th traced layer.</summary>
    public ReadOnlySpan<ushort> Choices(int i) => _choices[i];

    /// <summary>The i-th traced layer by itself, sharing this trace's memory.</summary>
    public RoutingTrace Layer(int i) => new([Layers[i]], Experts, Slots, [_choices[i]], SequenceStarts);

    /// <summary>The (layer, expert) slots asked for, in order: token by token, layer by layer, slot by slot; slot i·E + e is expert e of the i-th layer. Takes 4 bytes a request.</summary>
    public int[] Requests()
    {
        int[] requests = new int[checked(_choices.Sum(c => c.Count(e => e != Empty)))];
        int n = 0;
        for (int t = 0; t < Tokens; t++)
        {
            for (int i = 0; i < _choices.Length; i++)
            {
                foreach (ushort e in _choices[i].AsSpan(t * Slots, Slots))
                {
                    if (e != Empty)
                    {
                        requests[n++] = (i * Experts) + e;
                    }
                }
            }
        }

        return requests;
    }
}
