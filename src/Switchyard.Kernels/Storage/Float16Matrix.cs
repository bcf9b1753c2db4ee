using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Storage;

/// <summary>IEEE half precision, row-major.</summary>
/// <param name="values">[N, K].</param>
/// <param name="rows">N.</param>
/// <param name="columns">K.</param>
public sealed unsafe class Float16Matrix(Half* values, int rows, int columns) : StoredMatrix(rows, columns)
{
    /// <inheritdoc/>
    public override long Bytes => (long)Rows * Columns * sizeof(ushort);

    internal override void Prefetch(int row, int column, int count) => Prefetch((values + ((nint)row * Columns) + column), count * sizeof(ushort));

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        for (int r = 0; r < rows; r++)
            WidenRow(values + ((nint)(row + r) * Columns) + column, count, target + (r * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void WidenRow(Half* source, int count, float* target)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load((ushort*)source + i));
            Widen(low).Store(target + i);
            Widen(high).Store(target + i + 8);
        }
        for (; i < count; i++)
            target[i] = (float)source[i];
    }

    /// <summary>Moves exponent and mantissa into place and multiplies by 2¹¹², which is exact and makes subnormal halves normal; infinities and NaN get the full exponent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Widen(Vector256<uint> half)
    {
        Vector256<uint> magnitude = (half & Vector256.Create(0x7FFFu)) << 13;
        Vector256<uint> special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x0F800000u)) & Vector256.Create(0x7F800000u);
        Vector256<float> scaled = magnitude.AsSingle() * Vector256.Create(5.192296858534828e33f);
        return (scaled.AsUInt32() | special | ((half & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }
}
