using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Storage;

/// <summary>
/// 8-bit floats e4m3 (one sign, four exponent, three mantissa bits, no infinities), row-major, with an fp32 scale for every
/// block of 128 × 128, edge blocks partial: W = value · scale.
/// </summary>
public sealed unsafe class Float8Matrix : StoredMatrix
{
    /// <summary>Side of the block of a scale.</summary>
    public const int Block = 128;

    private readonly byte* _values;
    private readonly Scales _scales;

    /// <summary>A matrix where it lies.</summary>
    /// <param name="values">Codes, [N, K].</param>
    /// <param name="scales">[⌈N/128⌉, ⌈K/128⌉].</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    public Float8Matrix(byte* values, Scales scales, int rows, int columns) : base(rows, columns)
    {
        _values = values;
        _scales = scales;
    }

    private int ScaleColumns => (Columns + Block - 1) / Block;

    /// <inheritdoc/>
    public override long Bytes => ((long)Rows * Columns) + ((Rows + Block - 1L) / Block * ScaleColumns * _scales.Size);

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
        for (int r = 0; r < rows; r++)
        {
            byte* source = _values + ((nint)(row + r) * Columns) + column;
            nint scales = (nint)((row + r) / Block) * ScaleColumns;
            for (int i = 0; i < count;)
            {
                int take = Math.Min(count - i, Block - ((column + i) % Block));
                WidenBlock(source + i, take, _scales[scales + ((column + i) / Block)], target + (r * stride) + i);
                i += take;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenBlock(byte* source, int count, float scale, float* target)
    {
        int i = 0;
        Vector256<float> factor = Vector256.Create(scale);
        for (; i + 16 <= count; i += 16)
        {
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Load(source + i));
            (Vector256<uint> a, Vector256<uint> b) = Vector256.Widen(Vector256.Create(low, high));
            (Decode(a) * factor).Store(target + i);
            (Decode(b) * factor).Store(target + i + 8);
        }
        for (; i < count; i++)
            target[i] = Decode(source[i]) * scale;
    }

    /// <summary>Moves exponent and mantissa into place and multiplies by 2¹²⁰, which is exact and makes subnormal values normal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Decode(Vector256<uint> code)
    {
        Vector256<uint> magnitude = code & Vector256.Create(0x7Fu);
        Vector256<uint> none = Vector256.Equals(magnitude, Vector256.Create(0x7Fu)) & Vector256.Create(0x7FC00000u);
        Vector256<float> scaled = (magnitude << 20).AsSingle() * Vector256.Create(1.3292279957849159e36f);
        return (scaled.AsUInt32() | none | ((code & Vector256.Create(0x80u)) << 24)).AsSingle();
    }
}
