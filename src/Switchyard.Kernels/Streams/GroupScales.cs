using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary><see cref="IGroupScales"/> by the size of the groups.</summary>
internal static unsafe class GroupScales
{
    /// <summary>Groups of 32 columns.</summary>
    public readonly struct Of32 : IGroupScales
    {
        private static ReadOnlySpan<int> Masks => [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(float* scales) => Vector256.Load(scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(float* scales, int count) =>
            Avx.MaskLoad(scales, Vector256.LoadUnsafe(in Masks[0], (nuint)(Vector256<int>.Count - count)).AsSingle());
    }

    /// <summary>Groups of 64 columns.</summary>
    public readonly struct Of64 : IGroupScales
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(float* scales) => Twice(Vector128.Load(scales).ToVector256Unsafe());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(float* scales, int count) => Twice(Of32.Load(scales, (count + 1) / 2));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<float> Twice(Vector256<float> four) => Avx2.PermuteVar8x32(four, Vector256.Create(0, 0, 1, 1, 2, 2, 3, 3));
    }

    /// <summary>Groups of 128 columns.</summary>
    public readonly struct Of128 : IGroupScales
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(float* scales) => Vector256.Create(Vector128.Create(scales[0]), Vector128.Create(scales[1]));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(float* scales, int count) => count <= 4 ? Vector256.Create(scales[0]) : Load(scales);
    }

    /// <summary>Groups of 256 columns or more.</summary>
    public readonly struct OfMore : IGroupScales
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(float* scales) => Vector256.Create(scales[0]);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(float* scales, int count) => Vector256.Create(scales[0]);
    }
}
