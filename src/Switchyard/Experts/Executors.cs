namespace Switchyard.Experts;

/// <summary>The registered executors.</summary>
public static class Executors
{
    /// <summary>The executor where none is named.</summary>
    public const string Default = "grouped";

    /// <summary>The executor that chooses among the others.</summary>
    public const string Auto = "auto";

    /// <summary>All executors, in the order in which they are listed and compared.</summary>
    public static Catalog<ExecutorEntry> All { get; } = new("executor")
    {
        new ExecutorEntry("sequential", "expert after expert in torch operations: the oracle", _ => new SequentialExecutor()),
        new ExecutorEntry("padded", "buffers as long as the largest load; computes the padding; our kernels for weights on the CPU that are fp32 or frozen, elsewhere a batched product", options => new PaddedExecutor(options)),
        new ExecutorEntry("block-diagonal", "the same buffers in whole tiles, as the diagonal of one product; our kernels for weights on the CPU that are fp32 or frozen, elsewhere a batched product", options => new BlockDiagonalExecutor(options)),
        new ExecutorEntry("block-sparse", "each expert's rows in whole blocks of 32; our kernels for weights on the CPU that are fp32 or frozen, elsewhere grouped-mm", options => new BlockSparseExecutor(options)),
        new ExecutorEntry("grouped-mm", "rows sorted by expert and torch's grouped product; fp32, bf16 and fp16", options => new GroupedMmExecutor(options)),
        new ExecutorEntry("grouped", "our own kernels over all experts at once: gather, activation, weights and scatter fused; weights on the CPU that are fp32 or frozen, elsewhere grouped-mm", options => new GroupedExecutor(options)),
        new ExecutorEntry(Auto, "the executor that was measured fastest for the device, the storage, the sizes and the load at hand", options => new AutoExecutor(options)),
    };
}
