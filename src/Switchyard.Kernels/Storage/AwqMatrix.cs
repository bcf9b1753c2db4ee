using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Storage;

/// <summary>
/// AWQ's layout of 4 bits (gemm): the matrix lies transposed, eight outputs to a word in the order 0 2 4 6 1 3 5 7, with a
/// scale and a zero for every group of k and every output: W[n, k] = scales[k/group, n] · (q − z).
/// </summary>
public sealed unsafe class AwqMatrix : StoredMatrix
{
    /// <summary>Bit of each of the eight outputs of a word.</summary>
    private static ReadOnlySpan<byte> Bits => [0, 16, 4, 20, 8, 24, 12, 28];

    private readonly uint* _weights, _zeros;
    private readonly Scales _scales;
    private readonly int _group;

    /// <summary>A matrix where it lies.</summary>
    /// <param name="weights">qweight, [K, N/8].</param>
    /// <param name="zeros">qzeros, [K/group, N/8].</param>
    /// <param name="scales">scales, [K/group, N].</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    /// <param name="group">Values of k that share a scale.</param>
    /// <exception cref="ArgumentException">Sizes do not fill whole words and groups.</exception>
    public AwqMatrix(int* weights, int* zeros, Scales scales, int rows, int columns, int group) : base(rows, columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(group);
        if (rows % 8 != 0 || columns % group != 0)
            throw new ArgumentException($"N = {rows}, K = {columns}, group = {group}; expected N a multiple of 8 and K of the group.", nameof(rows));
        _weights = (uint*)weights;
        _zeros = (uint*)zeros;
        _scales = scales;
        _group = group;
    }

    /// <inheritdoc/>
    public override long Bytes => ((long)Rows * Columns / 2) + ((long)(Columns / _group) * Rows * (4 + (8 * _scales.Size)) / 8);

    internal override bool HasRows => false;

    /// <summary>Eight rows share a line: the first of them asks.</summary>
    internal override void Prefetch(int row, int column, int count)
    {
        if (row % 8 == 0)
            Prefetch(_weights + ((nint)column * (Rows / 8)) + (row / 8), count, (nint)(Rows / 8) * sizeof(uint));
    }

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        for (int r = 0; r < rows;)
        {
            // The outputs of one word share its loads.
            int take = Math.Min(rows - r, 8 - ((row + r) % 8));
            WidenWord(row + r, take, column, count, target + (r * stride), stride);
            r += take;
        }
    }

    /// <summary>Up to eight rows of one word, eight values of k at a time: the lanes are k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WidenWord(int row, int rows, int column, int count, float* target, nint stride)
    {
        ReadOnlySpan<byte> bits = Bits;
        int words = Rows / 8, word = row / 8;
        float* factor = stackalloc float[8];
        float* shift = stackalloc float[8];
        for (int i = 0; i < count;)
        {
            int group = (column + i) / _group, end = Math.Min(count, ((group + 1) * _group) - column);
            for (int r = 0; r < rows; r++)
            {
                factor[r] = _scales[((nint)group * Rows) + row + r];
                shift[r] = (_zeros[((nint)group * words) + word] >> bits[(row + r) % 8]) & 15;
            }
            uint* at = _weights + ((nint)(column + i) * words) + word;
            for (; i + 8 <= end; i += 8, at += (nint)8 * words)
            {
                Vector256<uint> eight = Vector256.Create(at[0], at[words], at[(nint)2 * words], at[(nint)3 * words], at[(nint)4 * words], at[(nint)5 * words], at[(nint)6 * words], at[(nint)7 * words]);
                for (int r = 0; r < rows; r++)
                {
                    Vector256<int> codes = (Vector256.ShiftRightLogical(eight, bits[(row + r) % 8]) & Vector256.Create(15u)).AsInt32();
                    ((Vector256.ConvertToSingle(codes) - Vector256.Create(shift[r])) * Vector256.Create(factor[r])).Store(target + (r * stride) + i);
                }
            }
            for (; i < end; i++, at += words)
            {
                for (int r = 0; r < rows; r++)
                    target[(r * stride) + i] = (((*at >> bits[(row + r) % 8]) & 15) - shift[r]) * factor[r];
            }
        }
    }
}
