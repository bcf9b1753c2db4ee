using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Panels;

namespace Switchyard.Kernels.Storage;

/// <summary>
/// GPTQ's layout of 4 or 8 bits: the matrix lies transposed, 32/bits values of k to a word, with a scale and a zero for every
/// group of k and every output: W[n, k] = scales[g, n] · (q − z), g = g_idx[k]. The format <c>gptq</c> stores z − 1, <c>gptq_v2</c> z.
/// </summary>
public sealed unsafe class GptqMatrix : StoredMatrix
{
    private readonly uint* _weights, _zeros;
    private readonly Scales _scales;
    private readonly int* _groupOf;
    private readonly int _bits, _groups, _zeroOffset;

    /// <summary>A matrix where it lies.</summary>
    /// <param name="weights">qweight, [K·bits/32, N].</param>
    /// <param name="zeros">qzeros, [groups, N·bits/32].</param>
    /// <param name="scales">scales, [groups, N].</param>
    /// <param name="groupOf">g_idx, [K].</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    /// <param name="groups">Groups of k.</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="secondFormat">Whether zeros are stored as they are (<c>gptq_v2</c>).</param>
    /// <exception cref="ArgumentException">A group index is out of range, or sizes do not fill whole words.</exception>
    public GptqMatrix(int* weights, int* zeros, Scales scales, int* groupOf, int rows, int columns, int groups, int bits, bool secondFormat) : base(rows, columns)
    {
        if (bits is not (4 or 8))
            throw new ArgumentException($"{bits} bits; expected 4 or 8.", nameof(bits));
        if (columns % (32 / bits) != 0 || rows % (32 / bits) != 0)
            throw new ArgumentException($"N = {rows} and K = {columns}; expected multiples of {32 / bits}.", nameof(rows));
        for (int k = 0; k < columns; k++)
        {
            if ((uint)groupOf[k] >= (uint)groups)
                throw new ArgumentException($"g_idx[{k}] is {groupOf[k]}; there are {groups} groups.", nameof(groupOf));
        }
        _weights = (uint*)weights;
        _zeros = (uint*)zeros;
        _scales = scales;
        _groupOf = groupOf;
        (_bits, _groups, _zeroOffset) = (bits, groups, secondFormat ? 0 : 1);
    }

    /// <inheritdoc/>
    public override long Bytes => ((long)Rows * Columns * _bits / 8) + ((long)_groups * Rows * (_bits + (8 * _scales.Size)) / 8) + ((long)Columns * sizeof(int));

    internal override bool HasRows => false;

    /// <summary>Eight rows share a line: the first of them asks.</summary>
    internal override void Prefetch(int row, int column, int count)
    {
        int each = 32 / _bits;
        if (row % Side == 0)
            Prefetch(_weights + ((nint)(column / each) * Rows) + row, count / each, (nint)Rows * sizeof(uint));
    }

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        int each = 32 / _bits;
        // Whole words of k go through registers, eight rows at a time; what is left goes one by one.
        int whole = Rows >= Side && column % each == 0 ? count / Side * Side : 0;
        for (int r = 0; whole > 0 && r < rows; r += Side)
            WidenStrip(row + r, Math.Min(Side, rows - r), column, whole, target + (r * stride), stride);
        Widen(row, rows, column + whole, count - whole, target + whole, stride, each);
    }

    /// <summary>Up to eight rows; neighbours are widened with fewer, and dropped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WidenStrip(int row, int rows, int column, int count, float* target, nint stride)
    {
        float* lines = stackalloc float[Side * Side];
        float* block = stackalloc float[Side * Side];
        int each = 32 / _bits, group = -1, first = Math.Min(row, Rows - Side), skipped = row - first;
        bool direct = rows == Side && skipped == 0;
        Vector256<uint> mask = Vector256.Create((1u << _bits) - 1);
        Vector256<float> factor = default, shift = default;
        for (int i = 0; i < count; i += Side)
        {
            for (int k = 0; k < Side; k++)
            {
                int at = column + i + k;
                if (_groupOf[at] != group)
                {
                    group = _groupOf[at];
                    (factor, shift) = Scale(group, first);
                }
                Vector256<uint> codes = Vector256.ShiftRightLogical(Vector256.Load(_weights + ((nint)(at / each) * Rows) + first), at % each * _bits) & mask;
                ((Vector256.ConvertToSingle(codes.AsInt32()) - shift) * factor).Store(lines + (k * Side));
            }
            if (direct)
            {
                Transposition.Block(lines, Side, target + i, stride);
                continue;
            }
            Transposition.Block(lines, Side, block, Side);
            for (int r = 0; r < rows; r++)
                Vector256.Load(block + ((skipped + r) * Side)).Store(target + (r * stride) + i);
        }
    }

    /// <summary>Scales and zeros of eight rows of a group.</summary>
    private (Vector256<float> Factor, Vector256<float> Shift) Scale(int group, int row)
    {
        float* factor = stackalloc float[Side];
        float* shift = stackalloc float[Side];
        Scale(group, row, Side, factor, shift);
        return (Vector256.Load(factor), Vector256.Load(shift));
    }

    private void Scale(int group, int row, int rows, float* factor, float* shift)
    {
        int each = 32 / _bits;
        uint mask = (1u << _bits) - 1;
        for (int r = 0; r < rows; r++)
        {
            int n = row + r;
            factor[r] = _scales[((nint)group * Rows) + n];
            shift[r] = ((_zeros[((nint)group * (Rows / each)) + (n / each)] >> (n % each * _bits)) & mask) + _zeroOffset;
        }
    }

    private void Widen(int row, int rows, int column, int count, float* target, nint stride, int each)
    {
        uint mask = (1u << _bits) - 1;
        float* factor = stackalloc float[Strip];
        float* shift = stackalloc float[Strip];
        for (int strip = 0; strip < rows; strip += Strip)
        {
            int width = Math.Min(Strip, rows - strip), group = -1;
            for (int i = 0; i < count; i++)
            {
                int k = column + i;
                if (_groupOf[k] != group)
                {
                    group = _groupOf[k];
                    Scale(group, row + strip, width, factor, shift);
                }
                uint* words = _weights + ((nint)(k / each) * Rows) + row + strip;
                int bit = k % each * _bits;
                float* to = target + (strip * stride) + i;
                for (int r = 0; r < width; r++)
                    to[r * stride] = factor[r] * (((words[r] >> bit) & mask) - shift[r]);
            }
        }
    }

    /// <summary>Rows widened together: a cache line of words.</summary>
    private const int Strip = 16;

    private const int Side = Transposition.Side;
}
