using System.Runtime.Intrinsics.X86;
using Switchyard.Kernels.FeedForward;
using Switchyard.Kernels.Streams;

namespace Switchyard.Kernels.Storage;

/// <summary>
/// A matrix [N, K] in the form in which it is stored. Kernels widen the block that they are about to use to fp32, once for
/// all tokens that use it, and never the whole matrix; so a matrix may be memory-mapped and stay as it is.
/// </summary>
public abstract unsafe class StoredMatrix
{
    /// <summary>A matrix of a size.</summary>
    /// <param name="rows">Rows, N.</param>
    /// <param name="columns">Columns, K.</param>
    private protected StoredMatrix(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        (Rows, Columns) = (rows, columns);
    }

    /// <summary>Rows N: outputs of the product.</summary>
    public int Rows { get; }

    /// <summary>Columns K: inputs of the product.</summary>
    public int Columns { get; }

    /// <summary>Bytes that one read of the whole matrix takes, scales included.</summary>
    public abstract long Bytes { get; }

    /// <summary>Whether products of the matrix can be computed in an arithmetic: int8 takes integers that share a scale by groups of a multiple of 32 columns of a row, every other arithmetic every matrix.</summary>
    /// <param name="arithmetic">Which.</param>
    public bool Takes(Arithmetic arithmetic) => arithmetic != Arithmetic.Int8 || SharesScales(MatrixBlocks.SmallestGroup);

    /// <summary>The whole matrix in fp32.</summary>
    /// <param name="target">[N, K].</param>
    public void Widen(float* target) => Widen(0, Rows, 0, Columns, target, Columns);

    /// <summary>A row in fp32.</summary>
    /// <param name="row">Which.</param>
    /// <param name="target">[K].</param>
    /// <exception cref="ArgumentException">The target is too short, or there is no such row.</exception>
    public void WidenRow(int row, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Length, Columns, nameof(target));
        fixed (float* to = target)
            Widen(row, 1, 0, Columns, to, Columns);
    }

    /// <summary>Two matrices of equal width as one, the rows of <paramref name="first"/> above (a gate and what it gates).</summary>
    /// <param name="first">Upper rows.</param>
    /// <param name="second">Lower rows.</param>
    /// <exception cref="ArgumentException">The widths differ.</exception>
    public static StoredMatrix Stack(StoredMatrix first, StoredMatrix second) => new StackedMatrix(first, second);

    /// <summary>Widens a block: <c>target[r · stride + c] = W[row + r, column + c]</c>.</summary>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns.</param>
    /// <param name="target">[rows, count].</param>
    /// <param name="stride">Values between rows of the target.</param>
    internal abstract void Widen(int row, int rows, int column, int count, float* target, nint stride);

    /// <summary>Where a row stands if it is fp32 already, else null.</summary>
    internal virtual float* Direct(int row) => null;

    /// <summary>Columns that share a scale, where the matrix is integers by groups of columns; 0 where it is not.</summary>
    internal virtual int ScaleGroup => 0;

    /// <summary>Whether the matrix is integers and so many columns, counted from the first, always share a scale.</summary>
    internal bool SharesScales(int columns) => ScaleGroup > 0 && (ScaleGroup % columns == 0 || ScaleGroup >= Columns);

    /// <summary>Integers of a block plus 128: <c>W[row + r, column + c] = (target[r · stride + c] − 128) · scale</c>. Only of a matrix with a <see cref="ScaleGroup"/>.</summary>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column, a multiple of <paramref name="group"/>.</param>
    /// <param name="count">Columns.</param>
    /// <param name="target">[rows, count].</param>
    /// <param name="stride">Bytes between rows of the target.</param>
    /// <param name="group">Columns that the caller gives a scale; divides <see cref="ScaleGroup"/>, or is more than there are columns.</param>
    /// <param name="scales">[⌈count / group⌉, 12]: for each group a line, in which the first <paramref name="rows"/> are set.</param>
    internal virtual void Codes(int row, int rows, int column, int count, byte* target, nint stride, int group, float* scales) => throw new NotSupportedException("The matrix is not integers by groups.");

    /// <summary>Products of whole rows with up to sixteen tokens, widened in registers: <c>results[token · 8 + r]</c>. False, with nothing done, where the processor or the form of the matrix has no way to do it.</summary>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows, up to 8.</param>
    /// <param name="tokens">Addresses of the tokens, [count], each [K].</param>
    /// <param name="count">Tokens.</param>
    /// <param name="results">[count, 8].</param>
    internal virtual bool Multiply(int row, int rows, float** tokens, int count, float* results) => false;

    /// <summary>How rows are multiplied as integers, where they can be.</summary>
    internal virtual IntegerForm IntegerForm => IntegerForm.None;

    /// <summary>Products of whole rows of integers with up to sixteen tokens that are encoded for <see cref="IntegerForm"/>: <c>results[token · 8 + r]</c>.</summary>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows, up to 8.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="results">[count, 8].</param>
    internal virtual void Multiply(int row, int rows, in StreamTokens tokens, float* results) => throw new NotSupportedException("The matrix has no rows of integers.");

    /// <summary>Whether a row lies in one piece, so that rows are as well widened one by one.</summary>
    internal virtual bool HasRows => true;

    /// <summary>Asks for columns of a row that will be widened soon: no processor looks ahead from the end of one row's block to another's. May do nothing.</summary>
    internal virtual void Prefetch(int row, int column, int count)
    {
    }

    /// <summary>Asks for bytes.</summary>
    private protected static void Prefetch(void* start, long bytes)
    {
        for (long line = 0; Sse.IsSupported && line < bytes; line += CacheLine)
            Sse.Prefetch0((byte*)start + line);
    }

    /// <summary>Asks for lines a stride apart.</summary>
    private protected static void Prefetch(void* start, int lines, nint stride)
    {
        for (int line = 0; Sse.IsSupported && line < lines; line++)
            Sse.Prefetch0((byte*)start + (line * stride));
    }

    private protected const int CacheLine = 64;

    /// <summary>Where a row stands if it is bf16, else null.</summary>
    internal virtual ushort* DirectBFloat16(int row) => null;
}
