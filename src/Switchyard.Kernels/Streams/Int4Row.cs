using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>A row of four-bit codes, two to a byte, the even column in the low half, with scales: (code − 8) · scale.</summary>
/// <param name="values">[K / 2].</param>
/// <param name="scales">[⌈K / 2^shift⌉].</param>
/// <param name="shift">Base-2 logarithm of the columns that share a scale, 5 or more.</param>
internal readonly unsafe struct Int4Row(byte* values, float* scales, int shift) : IRow<Vector512<float>>, IRow<Vector256<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(nint k, out Vector512<float> low, out Vector512<float> high)
    {
        Vector512<float> scale = Vector512.Create(scales[k >> shift]);
        Vector128<byte> bytes = Vector128.Load(values + (k >> 1));
        Vector128<sbyte> even = Even(bytes), odd = Odd(bytes);
        low = Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Sse2.UnpackLow(even, odd))) * scale;
        high = Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Sse2.UnpackHigh(even, odd))) * scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(nint k, out Vector256<float> low, out Vector256<float> high)
    {
        Vector256<float> scale = Vector256.Create(scales[k >> shift]);
        Vector128<byte> bytes = Vector128.CreateScalarUnsafe(*(ulong*)(values + (k >> 1))).AsByte();
        Vector128<sbyte> both = Sse2.UnpackLow(Even(bytes), Odd(bytes));
        low = Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(both)) * scale;
        high = Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(Sse2.ShiftRightLogical128BitLane(both, 8))) * scale;
    }

    public float Value(nint k) => (((values[k >> 1] >> ((int)(k & 1) * 4)) & 15) - 8) * scales[k >> shift];

    private static Vector128<sbyte> Even(Vector128<byte> bytes) => (bytes & Vector128.Create((byte)15)).AsSByte() - Vector128.Create((sbyte)8);

    private static Vector128<sbyte> Odd(Vector128<byte> bytes) => ((bytes.AsUInt16() >> 4).AsByte() & Vector128.Create((byte)15)).AsSByte() - Vector128.Create((sbyte)8);
}
