using System.Numerics;

namespace Switchyard.Selection;

/// <summary>The n-th largest of a set, without sorting it: a sample brackets it, and Hoare's quickselect ends the search among the few values inside.</summary>
internal static class OrderStatistic
{
    private const int Samples = 64;

    /// <summary>Ranks of the sample to either side of the expected one; the deviation of a sample's rank is at most √64/2 = 4.</summary>
    private const int Margin = 8;

    /// <summary>The n-th and the (n+1)-th largest value, n from 1 to the length − 1. The values must not be NaN.</summary>
    /// <param name="values">The values; they may be rearranged.</param>
    /// <param name="scratch">As long as the values.</param>
    /// <param name="n">The rank.</param>
    public static (float Nth, float Next) Neighbours(Span<float> values, Span<float> scratch, int n)
    {
        if (values.Length >= 8 * Samples && TryBracket(values, scratch, n, out Span<float> inside, out int above))
        {
            return Neighbours(inside, n - above);
        }

        return Neighbours(values, n);
    }

    /// <summary>The n-th largest value, n from 1; the values are rearranged. They must not be NaN.</summary>
    public static float NthLargest(Span<float> values, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(n, values.Length);
        int low = 0;
        int high = values.Length - 1;
        int target = n - 1;
        while (high > low)
        {
            float pivot = MedianOfThree(values[low], values[(low + high) >> 1], values[high]);
            int i = low;
            int j = high;
            while (i <= j)
            {
                while (values[i] > pivot)
                {
                    i++;
                }

                while (values[j] < pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (values[i], values[j]) = (values[j], values[i]);
                    i++;
                    j--;
                }
            }

            if (target <= j)
            {
                high = j;
            }
            else if (target >= i)
            {
                low = i;
            }
            else
            {
                return values[target];
            }
        }

        return values[target];
    }

    private static (float Nth, float Next) Neighbours(Span<float> values, int n)
    {
        float next = NthLargest(values, n + 1);
        float nth = values[0];
        foreach (float value in values[1..n])
        {
            nth = Math.Min(nth, value);
        }

        return (nth, next);
    }

    /// <summary>The values between two of a sample, if the n-th and (n+1)-th largest are among them, and how many values are above.</summary>
    private static bool TryBracket(ReadOnlySpan<float> values, Span<float> scratch, int n, out Span<float> inside, out int above)
    {
        Span<float> sample = stackalloc float[Samples];
        int stride = values.Length / Samples;
        for (int i = 0; i < Samples; i++)
        {
            sample[i] = values[(i * stride) + (stride / 2)];
        }

        sample.Sort();
        int at = Samples - 1 - (int)((long)n * Samples / values.Length);
        float lower = at - Margin < 0 ? float.NegativeInfinity : sample[at - Margin];
        float upper = at + Margin >= Samples ? float.PositiveInfinity : sample[at + Margin];
        above = 0;
        int count = 0;
        int width = Vector<float>.Count;
        int start = 0;
        for (; start + width <= values.Length; start += width)
        {
            Vector<float> block = new(values[start..]);
            Vector<int> high = Vector.GreaterThan(block, new Vector<float>(upper));
            above -= Vector.Sum(high);
            if (!Vector.EqualsAll(Vector.GreaterThanOrEqual(block, new Vector<float>(lower)) & ~high, Vector<int>.Zero))
            {
                Keep(values.Slice(start, width), scratch, lower, upper, ref count);
            }
        }

        foreach (float value in values[start..])
        {
            above += value > upper ? 1 : 0;
        }

        Keep(values[start..], scratch, lower, upper, ref count);
        inside = scratch[..count];
        return above < n && above + count > n;
    }

    private static void Keep(ReadOnlySpan<float> values, Span<float> scratch, float lower, float upper, ref int count)
    {
        foreach (float value in values)
        {
            scratch[count] = value;
            count += value >= lower && value <= upper ? 1 : 0;
        }
    }

    private static float MedianOfThree(float a, float b, float c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
