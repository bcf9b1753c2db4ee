using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Streams;

namespace Switchyard.Kernels.Storage;

/// <summary>bfloat16, row-major: the upper half of an fp32.</summary>
/// <param name="values">[N, K].</param>
/// <param name="rows">N.</param>
/// <param name="columns">K.</param>
public sealed unsafe class BFloat16Matrix(ushort* values, int rows, int columns) : StoredMatrix(rows, columns)
{
    /// <inheritdoc/>
    public override long Bytes => (long)Rows * Columns * sizeof(ushort);

    internal override bool Multiply(int row, int rows, float** tokens, int count, float* results)
    {
        if (!RowProducts.AreSupported)
            return false;
        for (int r = 0; r < rows; r++)
            RowProducts.Run(new BFloat16Row(values + ((nint)(row + r) * Columns)), Columns, tokens, count, results + r);
        return true;
    }

    internal override void Prefetch(int row, int column, int count) => Prefetch((values + ((nint)row * Columns) + column), count * sizeof(ushort));

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        for (int r = 0; r < rows; r++)
            WidenRow(values + ((nint)(row + r) * Columns) + column, count, target + (r * stride));
    }

    internal override ushort* DirectBFloat16(int row) => values + ((nint)row * Columns);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void WidenRow(ushort* source, int count, float* target)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(source + i));
            (low << 16).AsSingle().Store(target + i);
            (high << 16).AsSingle().Store(target + i + 8);
        }
        for (; i < count; i++)
            target[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
    }
}
