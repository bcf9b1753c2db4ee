using Switchyard.Experts;
using Switchyard.Experts.Caching;

namespace Switchyard.Tests.Experts.Caching;

public sealed class ExpertCacheTests
{
    private const int E = 8;
    private static readonly ExpertOptions Sizes = new() { Experts = E, HiddenSize = 8, InnerSize = 4 };
    private static readonly long One = new MadeExperts(Sizes).BytesOf(0);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(10, 4)]
    [InlineData(16, 8)]
    public void Those_worth_least_leave(int slots, int most)
    {
        const int Layers = 2;
        using ExpertCache cache = new(slots * One, [new MadeExperts(Sizes), new MadeExperts(Sizes, 1)]);
        Random random = new(3);
        HashSet<int> held = [];
        List<int>[] uses = [.. Enumerable.Range(0, Layers * E).Select(_ => new List<int>())];
        (long hits, long misses) = (0, 0);
        for (int now = 1; now <= 500; now++)
        {
            int layer = now % Layers;
            int[] wanted = [.. Enumerable.Range(0, E).OrderBy(e => e * random.NextDouble()).Take(Math.Min(slots, 1 + random.Next(most)))];
            foreach (int item in wanted.Select(e => (layer * E) + e).OrderByDescending(held.Contains))
            {
                bool there = held.Contains(item);
                (hits, misses) = there ? (hits + 1, misses) : (hits, misses + 1);
                if (!there && held.Count == slots)
                {
                    held.Remove(held.Where(h => h / E != layer || !wanted.Contains(h % E)).MinBy(h => uses[h].Sum(t => Math.Pow(2, (double)(t - now) / (ExpertCache.HalfLife * Layers)))));
                }

                held.Add(item);
                uses[item].Add(now);
            }

            cache.Take(layer, wanted).Dispose();
            for (int item = 0; item < Layers * E; item++)
            {
                Assert.True(cache.Holds(item / E, item % E) == held.Contains(item), $"step {now}, item {item}");
            }
        }

        Assert.Equal((hits, misses, misses * One), (cache.Statistics.Hits, cache.Statistics.Misses, cache.Statistics.BytesRead));
        Assert.Equal(slots * One, cache.Statistics.UsedBytes);
    }

    [Fact]
    public void Nothing_is_taken_before_it_is_used_and_no_more_than_there_are_experts()
    {
        using ExpertCache cache = new(1L << 50, [new MadeExperts(Sizes)]);
        Assert.Equal((E, 0L, 0.0), (cache.Slots, cache.Statistics.UsedBytes, cache.Statistics.HitRate));
        cache.Take(0, [1, 3]).Dispose();
        cache.Take(0, [3]).Dispose();
        Assert.Equal((2 * One, 1.0 / 3), (cache.Statistics.UsedBytes, cache.Statistics.HitRate));
    }

    [Fact]
    public void Experts_in_use_stay_while_others_come_and_go()
    {
        MadeExperts source = new(Sizes);
        using ExpertCache cache = new(3 * One, [source]);
        using ExpertLease kept = cache.Take(0, [6]);
        float[] before = Row(kept.Experts[0]);
        for (int i = 0; i < 40; i++)
        {
            cache.Take(0, [i % 6, (i + 1) % 6]).Dispose();
            Assert.True(cache.Holds(0, 6));
        }

        Assert.Equal(before, Row(kept.Experts[0]));
    }

    [Fact]
    public async Task A_run_that_finds_no_room_waits_for_the_others()
    {
        using ExpertCache cache = new(2 * One, [new MadeExperts(Sizes)]);
        ExpertLease first = cache.Take(0, [0, 1]);
        Task<ExpertLease> second = Task.Run(() => cache.Take(0, [2]), TestContext.Current.CancellationToken);
        Assert.NotSame(second, await Task.WhenAny(second, Task.Delay(50, TestContext.Current.CancellationToken)));
        first.Dispose();
        (await second).Dispose();
        Assert.True(cache.Holds(0, 2));
    }

    [Fact]
    public void Many_threads_find_what_they_ask_for()
    {
        MadeExperts source = new(Sizes);
        using ExpertCache cache = new(3 * One, [source]), all = new(E * One, [new MadeExperts(Sizes)]);
        using ExpertLease expected = all.Take(0, [.. Enumerable.Range(0, E)]);
        Parallel.For(0, 8, thread =>
        {
            Random random = new(thread);
            for (int i = 0; i < 50; i++)
            {
                int[] wanted = [.. Enumerable.Range(0, E).OrderBy(_ => random.Next()).Take(1 + random.Next(3))];
                using ExpertLease lease = cache.Take(0, wanted);
                for (int w = 0; w < wanted.Length; w++)
                {
                    Assert.Equal(Row(expected.Experts[wanted[w]]), Row(lease.Experts[w]));
                }
            }
        });
        Assert.Equal(source.Reads, cache.Statistics.Misses);
    }

    [Fact]
    public void A_cache_smaller_than_an_expert_is_refused_with_both_sizes()
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => new ExpertCache(One - 1, [new MadeExperts(Sizes)]));
        Assert.Contains($"{One - 1:N0}", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{One:N0}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_read_is_told_and_read_again_the_next_time()
    {
        MadeExperts source = new(Sizes) { Broken = { 2 } };
        using ExpertCache cache = new(3 * One, [source]);
        Assert.Contains("expert 2", Assert.Throws<IOException>(() => cache.Take(0, [1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.False(cache.Holds(0, 2));
        source.Broken.Clear();
        cache.Take(0, [2, 4, 5]).Dispose();
        Assert.True(cache.Holds(0, 2));
    }

    [Fact]
    public void A_cache_that_is_gone_has_no_memory_and_no_experts()
    {
        ExpertCache cache = new(3 * One, [new MadeExperts(Sizes)]);
        cache.Take(0, [1, 2]).Dispose();
        cache.Dispose();
        cache.Dispose();
        Assert.Equal(0, cache.Statistics.UsedBytes);
        Assert.Throws<ObjectDisposedException>(() => cache.Take(0, [1]));
    }

    private static float[] Row(LoadedExpert expert)
    {
        float[] row = new float[expert.GateUp.Columns];
        expert.GateUp.WidenRow(1, row);
        return row;
    }
}
