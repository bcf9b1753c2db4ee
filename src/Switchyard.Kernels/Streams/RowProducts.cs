using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Streams;

/// <summary><see cref="RowProduct"/> at the width of the processor.</summary>
internal static unsafe class RowProducts
{
    private const int SmallestGroup = 32;

    /// <summary>Whether the processor widens rows in registers.</summary>
    public static bool AreSupported => Avx2.IsSupported;

    /// <summary>Whether groups of columns are those that rows of integers know: powers of two from 32 on.</summary>
    public static bool Takes(int group) => group >= SmallestGroup && BitOperations.IsPow2(group);

    /// <inheritdoc cref="RowProduct.Run"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TRow>(TRow row, int length, float** tokens, int count, float* results)
        where TRow : struct, IRow<Vector512<float>>, IRow<Vector256<float>>
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
            RowProduct.Run<TRow, Lanes512, Vector512<float>>(row, length, tokens, count, results);
        else
            RowProduct.Run<TRow, Lanes256, Vector256<float>>(row, length, tokens, count, results);
    }
}
