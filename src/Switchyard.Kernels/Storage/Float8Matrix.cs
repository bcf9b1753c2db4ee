namespace Switchyard.Kernels.Storage;

/// <summary>
/// 8-bit floats e4m3 (one sign, four exponent, three mantissa bits, no infinities), row-major, with an fp32 scale for every
/// block of 128 × 128, edge blocks partial: W = value · scale.
/// </summary>
public sealed unsafe class Float8Matrix : StoredMatrix
{
    /// <summary>Side of the block of a scale.</summary>
    public const int Block = 128;

    private static readonly float[] s_values = [.. Enumerable.Range(0, 256).Select(code => Decode((byte)code))];
    private readonly byte* _values;
    private readonly float* _scales;

    /// <summary>A matrix where it lies.</summary>
    /// <param name="values">Codes, [N, K].</param>
    /// <param name="scales">[⌈N/128⌉, ⌈K/128⌉].</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    public Float8Matrix(byte* values, float* scales, int rows, int columns) : base(rows, columns)
    {
        _values = values;
        _scales = scales;
    }

    private int ScaleColumns => (Columns + Block - 1) / Block;

    /// <inheritdoc/>
    public override long Bytes => ((long)Rows * Columns) + ((Rows + Block - 1L) / Block * ScaleColumns * sizeof(float));

    /// <summary>The value of a code: (−1)^s · 2^(e−7) · (1 + m/8), 2^−6 · m/8 where e = 0, NaN where all other bits are set.</summary>
    /// <param name="code">Eight bits.</param>
    public static float Decode(byte code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        float magnitude = (code & 0x7F) == 0x7F ? float.NaN
            : exponent == 0 ? MathF.ScaleB(mantissa, -9)
            : MathF.ScaleB(8 + mantissa, exponent - 10);
        return code < 128 ? magnitude : -magnitude;
    }

    internal override void Prefetch(int row, int column, int count) => Prefetch(_values + ((nint)row * Columns) + column, count);

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        fixed (float* values = s_values)
        {
            for (int r = 0; r < rows; r++)
            {
                byte* source = _values + ((nint)(row + r) * Columns) + column;
                float* scales = _scales + ((nint)((row + r) / Block) * ScaleColumns);
                float* to = target + (r * stride);
                for (int i = 0; i < count;)
                {
                    float scale = scales[(column + i) / Block];
                    int end = Math.Min(count, i + Block - ((column + i) % Block));
                    for (; i < end; i++)
                        to[i] = values[source[i]] * scale;
                }
            }
        }
    }
}
