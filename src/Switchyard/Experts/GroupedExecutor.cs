namespace Switchyard.Experts;

/// <summary>Dropless and ragged: each expert's own rows and no others, a grouped GEMM. Where the kernels do not run, the work is that of <c>grouped-mm</c>.</summary>
/// <param name="options">Time or memory.</param>
public sealed class GroupedExecutor(ExecutorOptions options) : KernelExecutor(options, new GroupedMmExecutor(options))
{
    /// <inheritdoc/>
    protected override int RowsOf(int count, int largest) => count;
}
