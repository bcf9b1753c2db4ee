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
    public static void Block(float** rows, float* target, nint stride)
    {
        if (Avx.IsSupported)
        {
            Block256(rows, target, stride);
            return;
        }
        for (int j = 0; j < Side; j++)
        {
            for (int i = 0; i < Side; i++)
                target[(i * stride) + j] = rows[j][i];
        }
    }

    /// <summary>Transposes eight rows of eight values a stride apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block(float* source, nint sourceStride, float* target, nint stride)
    {
        float** rows = stackalloc float*[Side];
        for (int i = 0; i < Side; i++)
            rows[i] = source + (i * sourceStride);
        Block(rows, target, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block256(float** rows, float* target, nint stride)
    {
        Vector256<float> a = Vector256.Load(rows[0]), b = Vector256.Load(rows[1]), c = Vector256.Load(rows[2]), d = Vector256.Load(rows[3]);
        Vector256<float> e = Vector256.Load(rows[4]), f = Vector256.Load(rows[5]), g = Vector256.Load(rows[6]), h = Vector256.Load(rows[7]);
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
