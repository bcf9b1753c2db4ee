namespace Switchyard.Kernels.Storage;

/// <summary>
/// GPTQ's layout of 4 or 8 bits: the matrix lies transposed, 32/bits values of k to a word, with a scale and a zero for every
/// group of k and every output: W[n, k] = scales[g, n] · (q − z), g = g_idx[k]. The format <c>gptq</c> stores z − 1, <c>gptq_v2</c> z.
/// </summary>
public sealed unsafe class GptqMatrix : StoredMatrix
{
    private readonly uint* _weights, _zeros;
    private readonly Half* _scales;
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
    public GptqMatrix(int* weights, int* zeros, Half* scales, int* groupOf, int rows, int columns, int groups, int bits, bool secondFormat) : base(rows, columns)
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
    public override long Bytes => ((long)Rows * Columns * _bits / 8) + ((long)_groups * Rows * (_bits + 16) / 8) + ((long)Columns * sizeof(int));

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        int each = 32 / _bits;
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
                    for (int r = 0; r < width; r++)
                    {
                        int n = row + strip + r;
                        factor[r] = (float)_scales[((nint)group * Rows) + n];
                        uint zero = (_zeros[((nint)group * (Rows / each)) + (n / each)] >> (n % each * _bits)) & mask;
                        shift[r] = zero + _zeroOffset;
                    }
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
}
