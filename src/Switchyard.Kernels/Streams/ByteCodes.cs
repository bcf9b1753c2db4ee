using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>Signed bytes. Shifts of 16-bit words widen even and odd columns apart.</summary>
internal readonly unsafe struct ByteCodes : IIntegerCodes
{
    public static int Zero => 0;

    public static int BlockBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* codes, out Vector256<short> a, out Vector256<short> b, out Vector256<short> c, out Vector256<short> d)
    {
        Vector256<short> first = Both(codes), second = Both(codes + 16);
        a = (first << 8) >> 8;
        b = first >> 8;
        c = (second << 8) >> 8;
        d = second >> 8;
    }

    /// <summary>Columns 0, 2, …, 14 and 32, 34, …, 46; 1, 3, …; 16, 18, … and 48, 50, …; 17, 19, ….</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Order(ref Vector256<short> a, ref Vector256<short> b, ref Vector256<short> c, ref Vector256<short> d)
    {
        Vector256<long> p = EvenBeforeOdd(a), q = EvenBeforeOdd(b), r = EvenBeforeOdd(c), s = EvenBeforeOdd(d);
        a = Avx2.Permute2x128(p, r, 0x20).AsInt16();
        b = Avx2.Permute2x128(p, r, 0x31).AsInt16();
        c = Avx2.Permute2x128(q, s, 0x20).AsInt16();
        d = Avx2.Permute2x128(q, s, 0x31).AsInt16();
    }

    /// <summary>16 bytes of the first 32 columns, and as many of the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Both(byte* codes) => Vector256.Create(Vector128.Load(codes), Vector128.Load(codes + 32)).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> EvenBeforeOdd(Vector256<short> values)
    {
        Vector256<byte> within = Vector256.Create((byte)0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
        return Avx2.Permute4x64(Avx2.Shuffle(values.AsByte(), within).AsInt64(), 0xD8);
    }
}
