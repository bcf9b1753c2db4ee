using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Switchyard.Metrics;

/// <summary>Records every choice of every MoE layer. Memory grows by 2·k bytes a token and layer, up to a limit of tokens.</summary>
/// <param name="maxTokens">Tokens after which a layer's choices are no longer recorded.</param>
/// <remarks>Masked tokens are left out. All layers must see the same batches and have the same number of experts.</remarks>
public sealed class RoutingTraceRecorder(int maxTokens = int.MaxValue) : IRoutingObserver
{
    private readonly SortedDictionary<int, LayerChoices> _layers = [];
    private int _experts;

    /// <inheritdoc/>
    /// <exception cref="ConfigurationException">The number of experts differs from that of other layers, or is too large.</exception>
    public void Observe(RoutingObservation observation)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        int experts = checked((int)observation.Scores.shape[1]);
        _experts = _experts == 0 ? experts : _experts;
        if (experts != _experts || experts > RoutingTrace.Empty)
        {
            throw new ConfigurationException($"a trace holds layers of one number of experts, at most {RoutingTrace.Empty}: {_experts} and {experts} were seen");
        }

        if (!_layers.TryGetValue(observation.Layer, out LayerChoices? layer))
        {
            _layers.Add(observation.Layer, layer = new LayerChoices());
        }

        ReadOnlySpan<long> chosen = HostSpan.Of<long>(observation.Assignment.Experts, ScalarType.Int64);
        ReadOnlySpan<byte> mask = observation.Context.TokenMask is { } m ? HostSpan.Of<byte>(m.flatten(), ScalarType.Bool) : default;
        int tokens = (int)observation.Assignment.Experts.shape[0];
        int slots = (int)observation.Assignment.Experts.shape[1];
        int length = observation.Context.SequenceLength == 0 ? tokens : checked((int)observation.Context.SequenceLength);
        layer.Widen(slots);
        int sequence = -1;
        for (int t = 0; t < tokens && layer.Tokens < maxTokens; t++)
        {
            if (mask.IsEmpty || mask[t] != 0)
            {
                layer.Add(chosen.Slice(t * slots, slots), starts: t / length != sequence);
                sequence = t / length;
            }
        }

        GC.KeepAlive(observation);
    }

    /// <summary>What was recorded so far.</summary>
    /// <exception cref="ConfigurationException">The layers saw different numbers of tokens.</exception>
    public RoutingTrace Trace()
    {
        LayerChoices[] layers = [.. _layers.Values];
        int slots = layers.Select(l => l.Slots).DefaultIfEmpty(1).Max();
        foreach (LayerChoices layer in layers)
        {
            layer.Widen(slots);
            if (layer.Tokens != layers[0].Tokens)
            {
                throw new ConfigurationException($"layers saw {layers[0].Tokens} and {layer.Tokens} tokens: a trace needs the same batches in each");
            }
        }

        return new RoutingTrace([.. _layers.Keys], Math.Max(1, _experts), slots, [.. layers.Select(l => l.ToArray())], layers.Length == 0 ? [] : layers[0].Starts);
    }

    private sealed class LayerChoices
    {
        private readonly List<int> _starts = [];
        private List<ushort> _choices = [];

        public int Tokens { get; private set; }

        public int Slots { get; private set; } = 1;

        public int[] Starts => [.. _starts];

        public ushort[] ToArray() => [.. _choices];

        public void Add(ReadOnlySpan<long> chosen, bool starts)
        {
            if (starts)
            {
                _starts.Add(Tokens);
            }

            for (int j = 0; j < Slots; j++)
            {
                _choices.Add(j < chosen.Length && chosen[j] >= 0 ? checked((ushort)chosen[j]) : RoutingTrace.Empty);
            }

            Tokens++;
        }

        /// <summary>Gives the tokens so far as many slots as those to come.</summary>
        public void Widen(int slots)
        {
            if (slots <= Slots)
            {
                return;
            }

            List<ushort> wider = new(Tokens * slots);
            for (int t = 0; t < Tokens; t++)
            {
                wider.AddRange(CollectionsMarshal.AsSpan(_choices).Slice(t * Slots, Slots));
                CollectionsMarshal.SetCount(wider, (t + 1) * slots);
                CollectionsMarshal.AsSpan(wider)[((t * slots) + Slots)..].Fill(RoutingTrace.Empty);
            }

            (_choices, Slots) = (wider, slots);
        }
    }
}
