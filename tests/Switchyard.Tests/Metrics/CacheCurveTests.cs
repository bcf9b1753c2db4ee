using CsCheck;
using Switchyard.Metrics;

namespace Switchyard.Tests.Metrics;

public sealed class CacheCurveTests
{
    /// <summary>Requests of up to 200 slots, some much hotter than others, so that the stack has several blocks.</summary>
    private static readonly Gen<(int Slots, int[] Requests)> Cases =
        from slots in Gen.Int[1, 200]
        from skew in Gen.Double[1, 4]
        from requests in Gen.Double[0, 0.999].Select(u => (int)(slots * Math.Pow(u, skew))).Array[0, 600]
        select (slots, requests);

    [Fact]
    public void Lru_agrees_with_a_simulated_cache() =>
        Agrees(curve => curve.Lru, (cached, when) => cached.MinBy(s => when.LastUse[s]));

    [Fact]
    public void Lfu_agrees_with_a_simulated_cache() =>
        Agrees(curve => curve.Lfu, (cached, when) => cached.MinBy(s => (when.Uses[s], when.LastUse[s])));

    [Fact]
    public void Belady_agrees_with_a_simulated_cache() =>
        Agrees(curve => curve.Belady, (cached, when) => cached.MaxBy(when.NextUse));

    [Fact]
    public void Belady_is_the_best_of_all_ways_to_evict() =>
        Gen.Select(Gen.Int[0, 4].Array[1, 11], Gen.Int[1, 4]).Sample((requests, m) =>
        {
            double best = (double)MostHits(requests, 0, m, []) / requests.Length;
            Assert.Equal(best, CacheCurve.Of(requests, 5).Belady[m], 1e-12);
        });

    [Fact]
    public void Rates_never_fall_with_size_and_no_policy_surpasses_the_optimum() => Cases.Sample(c =>
    {
        CacheCurve curve = CacheCurve.Of(c.Requests, c.Slots);
        double most = c.Requests.Length == 0 ? 0 : 1 - ((double)c.Requests.Distinct().Count() / c.Requests.Length);
        foreach (IReadOnlyList<double> rates in (IReadOnlyList<double>[])[curve.Lru, curve.Lfu, curve.Belady])
        {
            Assert.Equal(c.Slots + 1, rates.Count);
            Assert.Equal(0, rates[0]);
            Assert.Equal(most, rates[^1], 1e-12);
            for (int m = 1; m < rates.Count; m++)
            {
                Assert.True(rates[m] >= rates[m - 1]);
                Assert.True(curve.Belady[m] >= rates[m]);
            }
        }
    });

    [Fact]
    public void A_long_order_of_requests_agrees_with_a_simulated_cache()
    {
        // Long enough for the moments of the recency stack to be renumbered many times.
        Random random = new(3);
        int[] requests = [.. Enumerable.Range(0, 5000).Select(_ => (int)(20 * Math.Pow(random.NextDouble(), 2)))];
        CacheCurve curve = CacheCurve.Of(requests, 20);
        foreach (int m in (int[])[1, 5, 19])
        {
            Assert.Equal(Simulate(requests, m, (cached, when) => cached.MinBy(s => when.LastUse[s])), curve.Lru[m], 1e-12);
            Assert.Equal(Simulate(requests, m, (cached, when) => cached.MaxBy(when.NextUse)), curve.Belady[m], 1e-12);
        }
    }

    [Fact]
    public void A_cycle_longer_than_the_cache_never_hits_under_lru()
    {
        int[] cycle = [.. Enumerable.Range(0, 100).Select(i => i % 5)];
        CacheCurve curve = CacheCurve.Of(cycle, 5);
        Assert.Equal([0, 0, 0, 0, 0, 0.95], curve.Lru);
        Assert.Equal(0.95, curve.Belady[5]);
        Assert.True(curve.Belady[4] > 0.7);
    }

    [Fact]
    public void A_trace_is_read_token_by_token_through_all_layers()
    {
        RoutingTrace trace = new([2, 5], 4, 2, [[0, 1, 2, RoutingTrace.Empty], [3, 0, 1, 2]], [0]);
        Assert.Equal([0, 1, 7, 4, 2, 5, 6], trace.Requests());
        CacheCurve curve = CacheCurve.Of(trace);
        Assert.Equal((8, 7), (curve.Slots, curve.Requests));
    }

    [Fact]
    public void Points_go_from_nothing_to_all()
    {
        CacheCurve curve = CacheCurve.Of([0, 1, 0, 999], 1000);
        Assert.Equal([0, 250, 500, 750, 1000], curve.Points(5).Select(p => p.Slots));
        Assert.Equal(new CachePoint(1000, 0.25, 0.25, 0.25), curve.Points(5)[^1]);
        Assert.Equal([0, 1, 2], CacheCurve.Of([0, 1], 2).Points().Select(p => p.Slots));
        Assert.Equal(new CachePoint(0, 0, 0, 0), Assert.Single(CacheCurve.Of([], 0).Points()));
    }

    [Fact]
    public void Requests_outside_the_slots_are_refused()
    {
        Assert.Throws<ArgumentException>(() => CacheCurve.Of([0, 3], 3));
        Assert.Throws<ArgumentException>(() => CacheCurve.Of([-1], 3));
    }

    private static void Agrees(Func<CacheCurve, IReadOnlyList<double>> rates, Func<IEnumerable<int>, History, int> evict) =>
        Gen.Select(Cases, Gen.Double[0, 1]).Sample(
            (c, size) =>
            {
                int m = 1 + (int)(size * (c.Slots - 1));
                Assert.Equal(Simulate(c.Requests, m, evict), rates(CacheCurve.Of(c.Requests, c.Slots))[m], 1e-12);
            },
            iter: 60);

    private static double Simulate(int[] requests, int m, Func<IEnumerable<int>, History, int> evict)
    {
        History history = new(requests);
        HashSet<int> cached = [];
        int hits = 0;
        for (history.Now = 0; history.Now < requests.Length; history.Now++)
        {
            int s = requests[history.Now];
            if (cached.Contains(s))
            {
                hits++;
            }
            else
            {
                if (cached.Count == m)
                {
                    cached.Remove(evict(cached, history));
                }

                cached.Add(s);
            }

            history.LastUse[s] = history.Now;
            history.Uses[s] = history.Uses.GetValueOrDefault(s) + 1;
        }

        return requests.Length == 0 ? 0 : (double)hits / requests.Length;
    }

    private static int MostHits(int[] requests, int i, int m, int[] cached)
    {
        if (i == requests.Length)
        {
            return 0;
        }

        if (cached.Contains(requests[i]))
        {
            return 1 + MostHits(requests, i + 1, m, cached);
        }

        return cached.Length < m
            ? MostHits(requests, i + 1, m, [.. cached, requests[i]])
            : cached.Max(gone => MostHits(requests, i + 1, m, [.. cached.Where(s => s != gone), requests[i]]));
    }

    private sealed class History(int[] requests)
    {
        public Dictionary<int, int> LastUse { get; } = [];

        public Dictionary<int, int> Uses { get; } = [];

        public int Now { get; set; }

        public int NextUse(int slot)
        {
            int next = Array.IndexOf(requests, slot, Now + 1);
            return next < 0 ? int.MaxValue : next;
        }
    }
}
