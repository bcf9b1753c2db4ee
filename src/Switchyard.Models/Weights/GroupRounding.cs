namespace Switchyard.Models.Weights;

/// <summary>Rounds rows to integers by group: scale = max|w| ÷ (2^(bits−1) − 1), code = w ÷ scale to the nearest, ties to even.</summary>
internal static class GroupRounding
{
    /// <summary>Scales of a row, one for each group.</summary>
    /// <param name="row">[K].</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="group">Values that share a scale.</param>
    /// <param name="scales">[⌈K/group⌉].</param>
    public static void Scales(ReadOnlySpan<float> row, int bits, int group, Span<float> scales)
    {
        float most = (1 << (bits - 1)) - 1;
        for (int g = 0; g < scales.Length; g++)
        {
            float largest = 0;
            foreach (float value in row.Slice(g * group, Math.Min(group, row.Length - (g * group))))
            {
                largest = MathF.Max(largest, MathF.Abs(value));
            }

            scales[g] = largest / most;
        }
    }

    /// <summary>The code of a weight: the nearest of −2^(bits−1) to 2^(bits−1) − 1.</summary>
    public static int Code(float value, float scale, int bits) =>
        scale == 0 ? 0 : (int)Math.Clamp(MathF.Round(value / scale), -(1 << (bits - 1)), (1 << (bits - 1)) - 1);

    /// <summary>Codes of a row as they are stored: a byte each, or two to a byte.</summary>
    /// <param name="row">[K].</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="group">Values that share a scale.</param>
    /// <param name="scales">[⌈K/group⌉].</param>
    /// <param name="codes">[K], or [K/2].</param>
    public static void Codes(ReadOnlySpan<float> row, int bits, int group, ReadOnlySpan<float> scales, Span<byte> codes)
    {
        codes.Clear();
        for (int k = 0; k < row.Length; k++)
        {
            Put(Code(row[k], scales[k / group], bits), k, bits, codes);
        }
    }

    /// <summary>Puts the code of column k in its place among codes that are zero.</summary>
    public static void Put(int code, int k, int bits, Span<byte> codes)
    {
        if (bits == 8)
        {
            codes[k] = unchecked((byte)(sbyte)code);
        }
        else
        {
            codes[k / 2] |= (byte)((code + 8) << (k % 2 * 4));
        }
    }
}
