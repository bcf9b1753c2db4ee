using Switchyard.Experts.Caching;
using Switchyard.Kernels;
using Switchyard.Kernels.Storage;

namespace Switchyard.Experts;

/// <summary>The matrices of E experts in the form in which they are stored (fp32, bf16, fp16, fp8, int8, int4, GPTQ, AWQ), frozen. Kernels read them where they lie, so they may be memory-mapped; gradients flow through them to their inputs.</summary>
public sealed class StoredExperts : IDisposable
{
    private readonly IDisposable? _memory;
    private ExpertCache? _cache;
    private int _layer;
    private bool _disposed;

    /// <summary>Matrices in memory of someone else.</summary>
    /// <param name="options">Sizes.</param>
    /// <param name="gateUp">First matrices, E of [2f, d] (gate above up: <see cref="StoredMatrix.Stack"/>) or [f, d].</param>
    /// <param name="down">Second matrices, E of [d, f].</param>
    /// <param name="storage">What the storage type is called: <c>bf16</c>, <c>gptq-int4</c>.</param>
    /// <param name="memory">What is disposed together with the experts; null for nothing.</param>
    /// <exception cref="ConfigurationException">The number of matrices or a size does not fit.</exception>
    public StoredExperts(ExpertOptions options, IReadOnlyList<StoredMatrix> gateUp, IReadOnlyList<StoredMatrix> down, string storage, IDisposable? memory = null)
    {
        Options = options;
        (GateUp, Down, Storage, _memory) = (gateUp, down, storage, memory);
        Check(gateUp, options.Activation.FirstRows(options.InnerSize), options.HiddenSize, "first");
        Check(down, options.HiddenSize, options.InnerSize, "second");

        void Check(IReadOnlyList<StoredMatrix> matrices, long rows, int columns, string name)
        {
            if (matrices.Count != options.Experts || matrices.FirstOrDefault(m => m.Rows != rows || m.Columns != columns) is not null)
            {
                throw new ConfigurationException($"the {name} matrices are {matrices.Count} of {string.Join(", ", matrices.Select(m => $"[{m.Rows}, {m.Columns}]").Distinct())}; expected {options.Experts} of [{rows}, {columns}]");
            }
        }
    }

    /// <summary>Sizes.</summary>
    public ExpertOptions Options { get; }

    /// <summary>First matrices, E of [2f, d] or [f, d].</summary>
    public IReadOnlyList<StoredMatrix> GateUp { get; }

    /// <summary>Second matrices, E of [d, f].</summary>
    public IReadOnlyList<StoredMatrix> Down { get; }

    /// <summary>What the storage type is called.</summary>
    public string Storage { get; }

    /// <summary>Bytes of all matrices, scales included.</summary>
    public long Bytes => GateUp.Sum(m => m.Bytes) + Down.Sum(m => m.Bytes);

    /// <summary>Whether their products can be computed in an arithmetic: <see cref="StoredMatrix.Takes"/> of the first matrices.</summary>
    /// <param name="arithmetic">Which.</param>
    public bool Takes(Arithmetic arithmetic) => GateUp.All(m => m.Takes(arithmetic));

    /// <summary>Whether the experts that are run are read into a cache, not used where they lie.</summary>
    public bool IsCached => _cache is not null;

    /// <summary>From now on, experts that are run are read into a cache and used there; the matrices of this object say how large they are and are not touched. For inference alone. The cache must live as long as this.</summary>
    /// <param name="cache">A cache that reads the same experts.</param>
    /// <param name="layer">Which of the cache's layers these are.</param>
    public void ReadThrough(ExpertCache cache, int layer) => (_cache, _layer) = (cache, layer);

    /// <summary>All experts in portions, in order; those with rows are in memory until the next portion is asked for. One portion where nothing bounds the memory.</summary>
    /// <param name="rows">Rows of each expert, [E]; those without rows must not be used.</param>
    /// <exception cref="IOException">An expert cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">Their memory is gone.</exception>
    internal IEnumerable<ExpertPortion> Portions(IReadOnlyList<int> rows)
    {
        if (_cache is null)
        {
            yield return Whole;
            yield break;
        }

        for (int from = 0, to = 0; from < Options.Experts; from = to)
        {
            List<int> used = [];
            for (; to < Options.Experts && (rows[to] == 0 || used.Count < _cache.Slots); to++)
            {
                if (rows[to] > 0)
                {
                    used.Add(to);
                }
            }

            using ExpertLease lease = _cache.Take(_layer, used);
            StoredMatrix[] gateUp = [.. GateUp.Take(from..to)], down = [.. Down.Take(from..to)];
            foreach ((int expert, LoadedExpert loaded) in used.Zip(lease.Experts))
            {
                (gateUp[expert - from], down[expert - from]) = (loaded.GateUp, loaded.Down);
            }

            yield return new ExpertPortion(from, to, gateUp, down);
        }
    }

    /// <summary>All experts where they lie.</summary>
    /// <exception cref="ObjectDisposedException">Their memory is gone.</exception>
    internal ExpertPortion Whole
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new ExpertPortion(0, Options.Experts, GateUp, Down);
        }
    }

    /// <summary>Frees the memory, if it is its own. A backward pass through the experts is over by then, or fails.</summary>
    public void Dispose()
    {
        _disposed = true;
        _memory?.Dispose();
    }
}
