namespace Switchyard.Metrics;

/// <summary>How much of the traffic the hottest (layer, expert) slots carry: what keeping them near would be worth.</summary>
/// <param name="Share">Share of slots kept, 0 to 1.</param>
/// <param name="Slots">Slots kept, ⌈share·L·E⌉.</param>
/// <param name="Traffic">Share of the requests of the second half of the tokens that go to the hottest slots of the first half.</param>
/// <param name="Even">What an even load would give, slots ÷ L·E.</param>
public readonly record struct Coverage(double Share, int Slots, double Traffic, double Even)
{
    /// <summary>The shares of slots that are looked at unless others are named.</summary>
    public static IReadOnlyList<double> DefaultShares { get; } = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1];

    /// <summary>Coverage of a trace, chosen on its first half and counted on its second. Memory: 2·L·E counts.</summary>
    /// <param name="trace">The trace; its order should not separate kinds of text, unless their difference is what is asked.</param>
    /// <param name="shares">Shares of slots in 0..1; null for <see cref="DefaultShares"/>.</param>
    /// <exception cref="ArgumentException">A share is outside 0..1.</exception>
    public static IReadOnlyList<Coverage> Of(RoutingTrace trace, IReadOnlyList<double>? shares = null)
    {
        int half = trace.Tokens / 2;
        long[] first = Count(trace, 0, half);
        long[] second = Count(trace, half, trace.Tokens);

        // Stable: of equally hot slots the lower index comes first.
        int[] hottest = [.. Enumerable.Range(0, first.Length).OrderByDescending(s => first[s])];
        double total = second.Sum();
        return [.. (shares ?? DefaultShares).Select(Point)];

        Coverage Point(double share)
        {
            if (!(share >= 0 && share <= 1))
            {
                throw new ArgumentException($"a share of slots must be 0 to 1, not {share}", nameof(shares));
            }

            int slots = (int)Math.Ceiling((share * first.Length) - 1e-9);
            long carried = hottest.Take(slots).Sum(s => second[s]);
            return new Coverage(share, slots, total == 0 ? 0 : carried / total, first.Length == 0 ? 0 : (double)slots / first.Length);
        }
    }

    private static long[] Count(RoutingTrace trace, int from, int to)
    {
        long[] load = new long[trace.Layers.Count * trace.Experts];
        for (int i = 0; i < trace.Layers.Count; i++)
        {
            foreach (ushort e in trace.Choices(i)[(from * trace.Slots)..(to * trace.Slots)])
            {
                if (e != RoutingTrace.Empty)
                {
                    load[(i * trace.Experts) + e]++;
                }
            }
        }

        return load;
    }
}
