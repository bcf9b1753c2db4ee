using Switchyard.Kernels.Storage;

namespace Switchyard.Experts;

/// <summary>The matrices of E experts in the form in which they are stored (fp32, bf16, fp16, fp8, int8, int4, GPTQ, AWQ), frozen. Kernels read them where they lie, so they may be memory-mapped; gradients flow through them to their inputs.</summary>
public sealed class StoredExperts : IDisposable
{
    private readonly IDisposable? _memory;

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

    /// <inheritdoc/>
    public void Dispose() => _memory?.Dispose();
}
