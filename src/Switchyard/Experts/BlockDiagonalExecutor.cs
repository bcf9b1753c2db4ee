namespace Switchyard.Experts;

/// <summary>
/// The buffers of <see cref="PaddedExecutor"/> seen as one product X·diag(W_1..W_E), of which only the diagonal is computed. One product has one grid of tiles,
/// and a block must begin on it: buffers are as long as the largest load rounded up to whole tiles, E·⌈C/32⌉·32 rows.
/// </summary>
/// <remarks>The equal-size case of block sparsity (MegaBlocks; Gale et al., 2022, figure 3). Where the kernels do not run, one batched torch product over buffers of that size.</remarks>
/// <param name="options">Time or memory.</param>
public sealed class BlockDiagonalExecutor(ExecutorOptions options) : KernelExecutor(options, new BatchedExecutor(options, WholeTiles))
{
    /// <inheritdoc/>
    protected override int RowsOf(int count, int largest) => WholeTiles(largest);
}
