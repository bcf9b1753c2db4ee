namespace Switchyard.Experts;

/// <summary>The registered executors.</summary>
public static class Executors
{
    /// <summary>The executor where none is named.</summary>
    public const string Default = "grouped";

    /// <summary>All executors, in the order in which they are listed and compared.</summary>
    public static Catalog<ExecutorEntry> All { get; } = new("executor")
    {
        new ExecutorEntry("sequential", "expert after expert in torch operations: the oracle", () => new SequentialExecutor()),
        new ExecutorEntry("padded", "buffers as long as the largest load and one batched product; computes the padding", () => new PaddedExecutor()),
        new ExecutorEntry("grouped-mm", "rows sorted by expert and torch's grouped product; fp32, bf16 and fp16", () => new GroupedMmExecutor()),
        new ExecutorEntry("grouped", "our own kernels over all experts at once: gather, activation, weights and scatter fused; fp32 weights on the CPU, elsewhere grouped-mm", () => new GroupedExecutor()),
    };
}
