using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Experts.Caching;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts.Caching;

public sealed class CachedExpertsTests
{
    private const int E = 7, D = 48, F = 40, K = 3;
    private static readonly ExpertOptions Sizes = new() { Experts = E, HiddenSize = D, InnerSize = F };

    public static TheoryData<string> ExecutorNames => [.. Executors.All.Names];

    [Theory]
    [MemberData(nameof(ExecutorNames))]
    public void Every_executor_gives_the_same_bits_through_a_cache_of_any_size(string executor)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        random.manual_seed(11);
        MadeExperts source = new(Sizes);
        using ExpertCache whole = new(E * source.BytesOf(0), [source]);
        using ExpertLease lease = whole.Take(0, [.. Enumerable.Range(0, E)]);
        using ExpertWeights plain = new(Stored(lease));
        foreach (int slots in (int[])[1, 2, 3, 6, 7])
        {
            using ExpertCache cache = new(slots * source.BytesOf(0), [source]);
            StoredExperts stored = Stored(lease);
            stored.ReadThrough(cache, 0);
            using ExpertWeights cached = new(stored);
            foreach (int tokens in (int[])[1, 5, 70])
            {
                Tensor x = randn(tokens, D), w = rand(tokens, K), chosen = rand(tokens, E).topk(K, 1).indexes;
                Assert.True(Run(executor, cached, x, w, chosen).Equals(Run(executor, plain, x, w, chosen)), $"{executor}, {slots} slots, T = {tokens}");
            }

            Assert.True(cache.Statistics.Misses > 0);
        }
    }

    [Fact]
    public void Only_experts_that_a_token_visits_are_read()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        MadeExperts source = new(Sizes);
        using ExpertCache cache = new(E * source.BytesOf(0), [source]);
        using ExpertLease lease = cache.Take(0, [0]);
        StoredExperts stored = new(Sizes, [.. Enumerable.Repeat(lease.Experts[0].GateUp, E)], [.. Enumerable.Repeat(lease.Experts[0].Down, E)], "fp32");
        stored.ReadThrough(cache, 0);
        using ExpertWeights cached = new(stored);
        _ = Run("grouped", cached, randn(2, D), ones(2, 2), tensor((long[])[4, 6, 6, 2]).view(2, 2));
        Assert.Equal([0, 2, 4, 6], Enumerable.Range(0, E).Where(e => cache.Holds(0, e)));
        Assert.Equal((1 + 3, 0), (cache.Statistics.Misses, cache.Statistics.Hits));
    }

    [Fact]
    public void Gradients_through_a_cache_are_refused()
    {
        using var scope = NewDisposeScope();
        MadeExperts source = new(Sizes);
        using ExpertCache cache = new(E * source.BytesOf(0), [source]);
        using ExpertLease lease = cache.Take(0, [.. Enumerable.Range(0, E)]);
        StoredExperts stored = Stored(lease);
        stored.ReadThrough(cache, 0);
        using ExpertWeights cached = new(stored);
        Tensor x = randn(3, D).requires_grad_();
        Assert.Contains("no_grad", Assert.Throws<InvalidOperationException>(() => Run("grouped", cached, x, rand(3, K), rand(3, E).topk(K, 1).indexes)).Message, StringComparison.Ordinal);
    }

    private static StoredExperts Stored(ExpertLease all) => new(Sizes, [.. all.Experts.Select(e => e.GateUp)], [.. all.Experts.Select(e => e.Down)], "fp32");

    private static Tensor Run(string executor, ExpertWeights experts, Tensor x, Tensor w, Tensor chosen) =>
        Executors.All.Get(executor).Create(new ExecutorOptions()).Run(new LocalDispatcher().Dispatch(x, new Assignment(chosen, w), E), experts);
}
