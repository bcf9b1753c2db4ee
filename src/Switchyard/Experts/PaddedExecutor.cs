namespace Switchyard.Experts;

/// <summary>Each expert's rows in a buffer as long as the largest load, [E, C, d], experts without rows among them. Computes the padding: E·C rows instead of R.</summary>
/// <remarks>
/// As in GShard (Lepikhin et al., 2020, section 3.2) and Switch Transformers (Fedus et al., 2021, section 2.2), except that C follows the load, so that nothing is dropped here.
/// Where the kernels do not run, one batched torch product over buffers that do exist.
/// </remarks>
/// <param name="options">Time or memory.</param>
public sealed class PaddedExecutor(ExecutorOptions options) : KernelExecutor(options, new BatchedExecutor(options, largest => largest))
{
    /// <inheritdoc/>
    protected override int RowsOf(int count, int largest) => largest;
}
