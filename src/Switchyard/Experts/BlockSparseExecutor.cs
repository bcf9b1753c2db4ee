namespace Switchyard.Experts;

/// <summary>
/// Dropless: each expert's rows rounded up to whole blocks of 32. H [Σ⌈n_e/32⌉·32, E·f] is block-sparse: a block of rows meets the columns of its own expert and no others.
/// The first product samples those blocks (dense·dense → sparse), the last consumes them (sparse·dense → dense), and the matrices' gradients go through the transposed topology, expert by expert.
/// </summary>
/// <remarks>
/// As in MegaBlocks (Gale et al., 2022, section 5), whose blocks of 128 suit a GPU. The topology is two numbers an expert, its first block and its blocks, in 32 bits:
/// rows are sorted by expert, so that no list of blocks is needed in either direction. Where the kernels do not run, the work is that of <c>grouped-mm</c>.
/// </remarks>
/// <param name="options">Time or memory.</param>
public sealed class BlockSparseExecutor(ExecutorOptions options) : KernelExecutor(options, new GroupedMmExecutor(options))
{
    /// <inheritdoc/>
    protected override int RowsOf(int count, int largest) => WholeTiles(count);
}
