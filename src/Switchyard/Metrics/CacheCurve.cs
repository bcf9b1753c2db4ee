namespace Switchyard.Metrics;

/// <summary>Hit rates of a cache of m expert slots over a recorded order of requests, for all m at once.</summary>
/// <remarks>
/// A requested slot always enters the cache, and the first request of each is a miss. Every rate never falls with m, and Belady's is never below another.
/// All three policies are stack algorithms (Mattson, Gecsei, Slutz and Traiger 1970): one pass gives the depth at which a request is found in
/// the stack of all slots, and a cache of m slots hits where the depth is at most m.
/// Time a request: O(log S) for LRU; for the others at most a look at each 64th level of the stack, and a walk through the blocks that change. Memory: O(S), and 8 bytes a request.
/// </remarks>
public sealed record CacheCurve
{
    /// <summary>Slots in all, S = L·E.</summary>
    public required int Slots { get; init; }

    /// <summary>Requests counted.</summary>
    public required int Requests { get; init; }

    /// <summary>Hit rate where the least recently used slot leaves, by m [S + 1].</summary>
    public required IReadOnlyList<double> Lru { get; init; }

    /// <summary>Hit rate where the least frequently used slot leaves (of all requests so far, in the cache or not; of equals the least recently used), by m [S + 1].</summary>
    public required IReadOnlyList<double> Lfu { get; init; }

    /// <summary>Hit rate where the slot leaves whose next request is the furthest away, which no policy surpasses (Belady 1966), by m [S + 1].</summary>
    public required IReadOnlyList<double> Belady { get; init; }

    /// <summary>The curve of a trace, read token by token, each through all layers: one cache for all layers.</summary>
    public static CacheCurve Of(RoutingTrace trace) => Of(trace.Requests(), trace.Layers.Count * trace.Experts);

    /// <summary>The curve of a sequence of requests.</summary>
    /// <param name="requests">Slots in the order of requests, each in 0..slots − 1.</param>
    /// <param name="slots">Slots in all, S.</param>
    /// <exception cref="ArgumentException">A request is outside its range.</exception>
    public static CacheCurve Of(ReadOnlySpan<int> requests, int slots)
    {
        foreach (int s in requests)
        {
            if ((uint)s >= (uint)slots)
            {
                throw new ArgumentException($"request {s} is outside 0..{slots - 1}", nameof(requests));
            }
        }

        return new CacheCurve
        {
            Slots = slots,
            Requests = requests.Length,
            Lru = HitRates(LruDepths(requests, slots), requests.Length),
            Lfu = HitRates(LfuDepths(requests, slots), requests.Length),
            Belady = HitRates(BeladyDepths(requests, slots), requests.Length),
        };
    }

    /// <summary>The curve at up to <paramref name="most"/> evenly spaced sizes, from 0 to all, for a table or a drawing.</summary>
    /// <exception cref="ArgumentException">Fewer than two points are asked for.</exception>
    public IReadOnlyList<CachePoint> Points(int most = 129)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2);
        int last = Math.Min(most - 1, Slots);
        return [.. Enumerable.Range(0, last + 1)
            .Select(i => last == 0 ? 0 : (int)((long)i * Slots / last))
            .Select(m => new CachePoint(m, Lru[m], Lfu[m], Belady[m]))];
    }

    private static long[] LruDepths(ReadOnlySpan<int> requests, int slots)
    {
        long[] found = new long[slots + 1];
        RecencyStack stack = new(slots);
        foreach (int s in requests)
        {
            found[stack.Touch(s)]++;
        }

        return found;
    }

    private static long[] LfuDepths(ReadOnlySpan<int> requests, int slots)
    {
        long[] found = new long[slots + 1];
        long[] uses = new long[slots];
        PriorityStack stack = new(slots);
        for (int i = 0; i < requests.Length; i++)
        {
            int s = requests[i];
            uses[s]++;
            found[stack.Touch(s, (uses[s] << 31) | (long)i)]++;
        }

        return found;
    }

    private static long[] BeladyDepths(ReadOnlySpan<int> requests, int slots)
    {
        int[] next = NextUses(requests, slots);
        long[] found = new long[slots + 1];
        PriorityStack stack = new(slots);
        for (int i = 0; i < requests.Length; i++)
        {
            // Slots never used again come last, in any fixed order.
            long when = next[i] == int.MaxValue ? (long)int.MaxValue + requests[i] : next[i];
            found[stack.Touch(requests[i], -when)]++;
        }

        return found;
    }

    private static int[] NextUses(ReadOnlySpan<int> requests, int slots)
    {
        int[] next = new int[requests.Length];
        int[] seen = new int[slots];
        Array.Fill(seen, int.MaxValue);
        for (int i = requests.Length - 1; i >= 0; i--)
        {
            next[i] = seen[requests[i]];
            seen[requests[i]] = i;
        }

        return next;
    }

    /// <summary>Hit rate by m from the number of requests found at each depth; depth 0 stands for those not found.</summary>
    private static double[] HitRates(long[] found, int requests)
    {
        double[] rates = new double[found.Length];
        long hits = 0;
        for (int m = 1; m < found.Length; m++)
        {
            hits += found[m];
            rates[m] = requests == 0 ? 0 : (double)hits / requests;
        }

        return rates;
    }
}
