using System.Numerics;
using System.Runtime.InteropServices;

namespace Switchyard.Selection;

/// <summary>The n-th largest of a set, without sorting it: the bits of the answer are bisected by counting, a vector at a time, until the few values that are left can be sorted. The time hardly depends on the values.</summary>
internal static class OrderStatistic
{
    /// <summary>So few values are sorted.</summary>
    private const int Few = 48;

    /// <summary>The n-th and the (n+1)-th largest value, n from 1 to the length − 1. The values must not be NaN.</summary>
    /// <param name="values">The values; overwritten.</param>
    /// <param name="n">The rank.</param>
    public static (float Nth, float Next) Neighbours(Span<float> values, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(n, values.Length);
        Span<int> keys = MemoryMarshal.Cast<float, int>(values);
        (int low, int top) = ToKeys(keys);
        long high = (long)top + 1;
        int inside = keys.Length;
        int above = 0;
        while (inside > Few && high - low > 1)
        {
            int middle = (int)((low + high) >> 1);
            int count = CountFrom(keys, middle);
            if (count > n)
            {
                low = middle;
                inside = count - above;
            }
            else
            {
                high = middle;
                inside -= count - above;
                above = count;
            }
        }

        if (inside > Few)
        {
            return (ToFloat(above >= n ? Smallest(keys, high) : low), ToFloat(low));
        }

        Span<int> few = stackalloc int[inside];
        Collect(keys, low, high, few);
        few.Sort();
        int nth = above >= n ? Smallest(keys, high) : few[inside - (n - above)];
        return (ToFloat(nth), ToFloat(few[inside - (n + 1 - above)]));
    }

    /// <summary>Bits that compare as integers as the values do, in place; the smallest and the largest.</summary>
    private static (int Smallest, int Largest) ToKeys(Span<int> bits)
    {
        int smallest = int.MaxValue;
        int largest = int.MinValue;
        int i = 0;
        if (bits.Length >= Vector<int>.Count)
        {
            Vector<int> least = new(int.MaxValue);
            Vector<int> most = new(int.MinValue);
            for (; i <= bits.Length - Vector<int>.Count; i += Vector<int>.Count)
            {
                Vector<int> value = new(bits[i..]);
                value ^= Vector.ShiftRightArithmetic(value, 31) & new Vector<int>(int.MaxValue);
                value.CopyTo(bits[i..]);
                least = Vector.Min(least, value);
                most = Vector.Max(most, value);
            }

            for (int lane = 0; lane < Vector<int>.Count; lane++)
            {
                smallest = Math.Min(smallest, least[lane]);
                largest = Math.Max(largest, most[lane]);
            }
        }

        for (; i < bits.Length; i++)
        {
            bits[i] ^= (bits[i] >> 31) & int.MaxValue;
            smallest = Math.Min(smallest, bits[i]);
            largest = Math.Max(largest, bits[i]);
        }

        return (smallest, largest);
    }

    private static float ToFloat(int key) => BitConverter.Int32BitsToSingle(key ^ ((key >> 31) & int.MaxValue));

    /// <summary>How many keys are at least <paramref name="bar"/>.</summary>
    private static int CountFrom(ReadOnlySpan<int> keys, int bar)
    {
        Vector<int> bars = new(bar);
        Vector<int> counts = Vector<int>.Zero;
        ReadOnlySpan<Vector<int>> blocks = MemoryMarshal.Cast<int, Vector<int>>(keys);
        foreach (Vector<int> block in blocks)
        {
            counts -= Vector.GreaterThanOrEqual(block, bars);
        }

        int count = Vector.Sum(counts);
        foreach (int key in keys[(blocks.Length * Vector<int>.Count)..])
        {
            count += key >= bar ? 1 : 0;
        }

        return count;
    }

    /// <summary>The smallest key from <paramref name="bar"/> on.</summary>
    private static int Smallest(ReadOnlySpan<int> keys, long bar)
    {
        int smallest = int.MaxValue;
        foreach (int key in keys)
        {
            smallest = key >= bar ? Math.Min(smallest, key) : smallest;
        }

        return smallest;
    }

    /// <summary>The keys in [low, high), which are as many as <paramref name="few"/> is long.</summary>
    private static void Collect(ReadOnlySpan<int> keys, int low, long high, Span<int> few)
    {
        Vector<int> from = new(low);
        Vector<int> to = new((int)(high - 1));
        int count = 0;
        int i = 0;
        for (; i <= keys.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector<int> block = new(keys[i..]);
            if (Vector.EqualsAny(Vector.GreaterThanOrEqual(block, from) & Vector.LessThanOrEqual(block, to), Vector<int>.AllBitsSet))
            {
                Keep(keys.Slice(i, Vector<int>.Count), few, ref count);
            }
        }

        Keep(keys[i..], few, ref count);

        void Keep(ReadOnlySpan<int> some, Span<int> kept, ref int at)
        {
            foreach (int key in some)
            {
                if (key >= low && key < high)
                {
                    kept[at++] = key;
                }
            }
        }
    }
}
