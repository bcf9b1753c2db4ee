using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Panels;

/// <summary>Transposes blocks within registers.</summary>
internal static unsafe class Transposition
{
    /// <summary>Side of a block.</summary>
    public const int Side = 8;

    /// <summary>Transposes eight rows of eight values.</summary>
    /// <param name="rows">Addresses of the 8 rows.</param>
    /// <param name="target">Where the value i of row j goes: <c>target[i · stride + j]</c>.</param>
    /// <param name="stride">Values between rows of the target.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block(float** rows, float* target, nint stride) =>
        Block(rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7], target, stride);

    /// <summary>Transposes eight rows of eight values a stride apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block(float* source, nint sourceStride, float* target, nint stride)
    {
        float* middle = source + (4 * sourceStride);
        Block(
            source,
            source + sourceStride,
            source + (2 * sourceStride),
            source + (3 * sourceStride),
            middle,
            middle + sourceStride,
            middle + (2 * sourceStride),
            middle + (3 * sourceStride),
            target,
            stride);
    }

    /// <summary>The same with the rows' addresses one by one: in a loop they stay in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block(float* row0, float* row1, float* row2, float* row3, float* row4, float* row5, float* row6, float* row7, float* target, nint stride)
    {
        if (!Avx.IsSupported)
        {
            for (int i = 0; i < Side; i++)
            {
                float* line = target + (i * stride);
                (line[0], line[1], line[2], line[3]) = (row0[i], row1[i], row2[i], row3[i]);
                (line[4], line[5], line[6], line[7]) = (row4[i], row5[i], row6[i], row7[i]);
            }
            return;
        }
        Vector256<float> a = Vector256.Load(row0), b = Vector256.Load(row1), c = Vector256.Load(row2), d = Vector256.Load(row3);
        Vector256<float> e = Vector256.Load(row4), f = Vector256.Load(row5), g = Vector256.Load(row6), h = Vector256.Load(row7);
        Vector256<float> ab0 = Avx.UnpackLow(a, b), ab1 = Avx.UnpackHigh(a, b), cd0 = Avx.UnpackLow(c, d), cd1 = Avx.UnpackHigh(c, d);
        Vector256<float> ef0 = Avx.UnpackLow(e, f), ef1 = Avx.UnpackHigh(e, f), gh0 = Avx.UnpackLow(g, h), gh1 = Avx.UnpackHigh(g, h);
        a = Avx.Shuffle(ab0, cd0, 0x44);
        b = Avx.Shuffle(ab0, cd0, 0xEE);
        c = Avx.Shuffle(ab1, cd1, 0x44);
        d = Avx.Shuffle(ab1, cd1, 0xEE);
        e = Avx.Shuffle(ef0, gh0, 0x44);
        f = Avx.Shuffle(ef0, gh0, 0xEE);
        g = Avx.Shuffle(ef1, gh1, 0x44);
        h = Avx.Shuffle(ef1, gh1, 0xEE);
        Avx.Permute2x128(a, e, 0x20).Store(target);
        Avx.Permute2x128(b, f, 0x20).Store(target + stride);
        Avx.Permute2x128(c, g, 0x20).Store(target + (2 * stride));
        Avx.Permute2x128(d, h, 0x20).Store(target + (3 * stride));
        Avx.Permute2x128(a, e, 0x31).Store(target + (4 * stride));
        Avx.Permute2x128(b, f, 0x31).Store(target + (5 * stride));
        Avx.Permute2x128(c, g, 0x31).Store(target + (6 * stride));
        Avx.Permute2x128(d, h, 0x31).Store(target + (7 * stride));
    }
}
