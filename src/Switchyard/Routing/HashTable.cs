namespace Switchyard.Routing;

/// <summary>Tables [rows, k] of distinct experts, made once, that hash and random routing look up.</summary>
internal static class HashTable
{
    /// <summary>A salt that differs by seed and layer.</summary>
    public static ulong Salt(long seed, int layer) => Mix(Mix((ulong)seed) + (ulong)layer);

    /// <summary>k distinct experts a row, uniform, by Floyd's sampling with draws from the mixing hash; a row depends on its number and the salt alone.</summary>
    public static int[] Random(int rows, int experts, int k, ulong salt)
    {
        int[] table = new int[checked(rows * k)];
        for (int row = 0; row < rows; row++)
        {
            ulong state = Mix(salt + (ulong)row);
            Span<int> chosen = table.AsSpan(row * k, k);
            for (int j = 0; j < k; j++)
            {
                state = Mix(state);
                int last = experts - k + j;
                int drawn = (int)Math.BigMul(state, (ulong)last + 1, out _);
                chosen[j] = chosen[..j].Contains(drawn) ? last : drawn;
            }
        }

        return table;
    }

    /// <summary>Rows in descending frequency, each to the k experts with the least load so far (ties: the lower index), which each then bear its frequency. The loads differ by no more than the largest frequency.</summary>
    /// <remarks>Rows of equal frequency go in the order of their hashes, so that layers and seeds differ.</remarks>
    public static int[] Balanced(ReadOnlySpan<long> frequencies, int experts, int k, ulong salt)
    {
        int rows = frequencies.Length;
        (long Rank, ulong Tie, int Row)[] order = new (long, ulong, int)[rows];
        for (int row = 0; row < rows; row++)
        {
            order[row] = (-frequencies[row], Mix(salt + (ulong)row), row);
        }

        Array.Sort(order);
        PriorityQueue<int, (long Load, int Expert)> leastLoaded = new(Enumerable.Range(0, experts).Select(e => (e, (0L, e))));
        (int Expert, long Load)[] taken = new (int, long)[k];
        int[] table = new int[checked(rows * k)];
        foreach ((long rank, _, int row) in order)
        {
            for (int j = 0; j < k; j++)
            {
                leastLoaded.TryDequeue(out int expert, out (long Load, int Expert) priority);
                table[(row * k) + j] = expert;
                taken[j] = (expert, checked(priority.Load - rank));
            }

            foreach ((int expert, long load) in taken)
            {
                leastLoaded.Enqueue(expert, (load, expert));
            }
        }

        return table;
    }

    // The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
