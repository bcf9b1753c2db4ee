namespace Switchyard.Peers.Weights;

/// <summary>Rounding to bf16.</summary>
internal static class BFloat16Rounding
{
    /// <summary>The nearest, ties to even.</summary>
    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Rounds all.</summary>
    public static void Round(ReadOnlySpan<float> values, Span<ushort> rounded)
    {
        for (int i = 0; i < values.Length; i++)
        {
            rounded[i] = Round(values[i]);
        }
    }
}
