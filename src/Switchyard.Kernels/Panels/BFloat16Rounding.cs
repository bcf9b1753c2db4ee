using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Panels;

/// <summary>fp32 to bf16, to the nearest, ties to even; NaN stays NaN.</summary>
internal static unsafe class BFloat16Rounding
{
    /// <summary>Values whose upper halves are the rounded ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Round(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32();
        Vector256<uint> rounded = bits + Vector256.Create(0x7FFFu) + ((bits >> 16) & Vector256<uint>.One);
        return Vector256.ConditionalSelect(Vector256.Equals(value, value).AsUInt32(), rounded, bits | Vector256.Create(0x400000u));
    }

    /// <summary>The same for one value.</summary>
    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((float.IsNaN(value) ? bits | 0x400000 : bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Rounds a row; the target may begin where the source does.</summary>
    /// <param name="source">[count].</param>
    /// <param name="count">Values.</param>
    /// <param name="target">[count].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(float* source, int count, ushort* target)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16)
            Vector256.Narrow(Round(Vector256.Load(source + i)) >> 16, Round(Vector256.Load(source + i + 8)) >> 16).Store(target + i);
        for (; i < count; i++)
            target[i] = Round(source[i]);
    }
}
