namespace Switchyard.Selection;

/// <summary>The n-th largest of a set, without sorting it (Hoare's quickselect).</summary>
internal static class OrderStatistic
{
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

    private static float MedianOfThree(float a, float b, float c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
