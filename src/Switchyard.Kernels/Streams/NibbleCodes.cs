using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>Four-bit codes, two to a byte, the even column in the low half. A 16-bit word holds columns 4i … 4i + 3: masks and shifts widen them, and nothing crosses a lane.</summary>
internal readonly unsafe struct NibbleCodes : IIntegerCodes
{
    public static int Zero => 8;

    public static int BlockBytes => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* codes, out Vector256<short> a, out Vector256<short> b, out Vector256<short> c, out Vector256<short> d)
    {
        Vector256<ushort> words = Vector256.Load((ushort*)codes), low = Vector256.Create((ushort)15);
        a = (words & low).AsInt16();
        b = ((words >> 4) & low).AsInt16();
        c = ((words >> 8) & low).AsInt16();
        d = (words >> 12).AsInt16();
    }

    /// <summary>Vector j holds columns 4i + j.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Order(ref Vector256<short> a, ref Vector256<short> b, ref Vector256<short> c, ref Vector256<short> d)
    {
        Vector256<long> p = ByRemainder(a), q = ByRemainder(b), r = ByRemainder(c), s = ByRemainder(d);
        Vector256<long> even = Avx2.UnpackLow(p, q), odd = Avx2.UnpackHigh(p, q), evenAfter = Avx2.UnpackLow(r, s), oddAfter = Avx2.UnpackHigh(r, s);
        a = Avx2.Permute2x128(even, evenAfter, 0x20).AsInt16();
        b = Avx2.Permute2x128(odd, oddAfter, 0x20).AsInt16();
        c = Avx2.Permute2x128(even, evenAfter, 0x31).AsInt16();
        d = Avx2.Permute2x128(odd, oddAfter, 0x31).AsInt16();
    }

    /// <summary>Of 16 values, those at 4i, then those at 4i + 1, and so on: four of each, 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> ByRemainder(Vector256<short> values)
    {
        Vector256<byte> within = Vector256.Create((byte)0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
        return Avx2.PermuteVar8x32(Avx2.Shuffle(values.AsByte(), within).AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsInt64();
    }
}
