namespace Switchyard.Peers.Weights;

/// <summary>Rounds rows to integers with a scale for each group of values, in one way for all who are timed.</summary>
internal static class GroupCodes
{
    /// <summary>scale = max|w| ÷ (2^(bits−1) − 1) within a group, code = w ÷ scale to the nearest.</summary>
    /// <param name="values">[K].</param>
    /// <param name="group">Values that share a scale; divides K.</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="codes">[K].</param>
    /// <param name="scales">[K/group].</param>
    public static void Round(ReadOnlySpan<float> values, int group, int bits, Span<sbyte> codes, Span<float> scales)
    {
        float most = (1 << (bits - 1)) - 1;
        for (int g = 0; g < scales.Length; g++)
        {
            ReadOnlySpan<float> from = values.Slice(g * group, group);
            float largest = 0;
            foreach (float value in from)
            {
                largest = MathF.Max(largest, MathF.Abs(value));
            }

            scales[g] = largest / most;
            float inverse = largest == 0 ? 0 : most / largest;
            for (int i = 0; i < group; i++)
            {
                codes[(g * group) + i] = (sbyte)MathF.Round(from[i] * inverse);
            }
        }
    }

    /// <summary>Two codes of four bits a byte, the even one in the low half, 8 added.</summary>
    /// <param name="codes">[K].</param>
    /// <param name="pairs">[K/2].</param>
    public static void Pair(ReadOnlySpan<sbyte> codes, Span<byte> pairs)
    {
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = (byte)((codes[2 * i] + 8) | ((codes[(2 * i) + 1] + 8) << 4));
        }
    }
}
