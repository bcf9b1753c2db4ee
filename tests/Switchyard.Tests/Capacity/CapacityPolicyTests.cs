using CsCheck;
using Switchyard.Capacity;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Capacity;

public sealed class CapacityPolicyTests
{
    private static readonly Gen<(int T, int E, int K, double Factor, int Seed)> s_case =
        from t in Gen.Int[1, 30]
        from e in Gen.Int[2, 9]
        from k in Gen.Int[1, Math.Min(e, 4)]
        from factor in Gen.Double[0.3, 1.6]
        from seed in Gen.Int[0, 1000]
        select (t, e, k, factor, seed);

    public static TheoryData<string> Limiting => ["position", "probability", "reroute"];

    [Theory]
    [MemberData(nameof(Limiting))]
    public void No_expert_gets_more_than_its_capacity_and_every_drop_is_counted(string name) => s_case.Sample(
        c =>
        {
            using var scope = NewDisposeScope();
            (TopKSoftmaxSelector selector, Tensor scores, Assignment before) = Make(c);
            Assignment after = Policy(name, c.Factor).Apply(before, scores, selector);
            long capacity = (long)Math.Ceiling((c.Factor * c.T * c.K / c.E) - 1e-9);
            long[] load = Load(after.Experts, c.E);
            Assert.True(load.Max() <= capacity);
            Assert.Equal((c.T * c.K) - load.Sum(), after.DroppedPairs);
            Assert.True(after.Weights.masked_select(after.Experts.lt(0)).eq(0).all().item<bool>());
            long[] experts = after.Experts.data<long>().ToArray();
            foreach (long[] row in experts.Chunk(c.K))
            {
                Assert.Equal(row.Count(e => e >= 0), row.Where(e => e >= 0).Distinct().Count());
            }

            selector.Dispose();
        },
        iter: 40, threads: 1);

    [Theory]
    [InlineData("position")]
    [InlineData("probability")]
    public void What_is_dropped_is_what_exceeds_the_capacity(string name) => s_case.Sample(
        c =>
        {
            using var scope = NewDisposeScope();
            (TopKSoftmaxSelector selector, Tensor scores, Assignment before) = Make(c);
            Assignment after = Policy(name, c.Factor).Apply(before, scores, selector);
            long capacity = (long)Math.Ceiling((c.Factor * c.T * c.K / c.E) - 1e-9);
            selector.Dispose();
            return after.DroppedPairs == Load(before.Experts, c.E).Sum(n => Math.Max(0, n - capacity));
        },
        iter: 40, threads: 1);

    [Fact]
    public void Reroute_drops_only_where_every_expert_with_room_is_the_tokens_own_already() => s_case.Sample(
        c =>
        {
            using var scope = NewDisposeScope();
            (TopKSoftmaxSelector selector, Tensor scores, Assignment before) = Make(c);
            Assignment dropped = Policy("position", c.Factor).Apply(before, scores, selector);
            Assignment after = Policy("reroute", c.Factor).Apply(before, scores, selector);
            long capacity = (long)Math.Ceiling((c.Factor * c.T * c.K / c.E) - 1e-9);
            long[] load = Load(after.Experts, c.E);
            int[] open = [.. Enumerable.Range(0, c.E).Where(e => load[e] < capacity)];
            foreach (long[] row in after.Experts.data<long>().ToArray().Chunk(c.K).Where(r => r.Contains(-1)))
            {
                Assert.All(open, e => Assert.Contains(e, row));
            }

            Assert.True(after.DroppedPairs <= dropped.DroppedPairs);
            Tensor stayed = dropped.Experts.ge(0);
            Assert.True(after.Experts.masked_select(stayed).eq(dropped.Experts.masked_select(stayed)).all().item<bool>());
            selector.Dispose();
        },
        iter: 40, threads: 1);

    [Fact]
    public void Batch_2_sequence_5_experts_4_top_2_factor_1_has_room_for_5_each()
    {
        using var scope = NewDisposeScope();
        CapacityOptions options = new() { CapacityFactor = 1 };
        Assert.Equal(5, options.Capacity(10, 2, 4));

        using RoundRobinSelector even = new(new SelectorOptions { Experts = 4, TopK = 2 });
        Assignment balanced = even.Select(randn(10, 4), zeros(10, 1));
        Assert.Equal(0, Policy("position", 1).Apply(balanced, randn(10, 4), even).DroppedPairs);

        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 4, TopK = 2 });
        Tensor scores = tensor([3f, 2, 1, 0]).repeat(10, 1);
        Assignment kept = Policy("position", 1).Apply(selector.Assign(scores), scores, selector);
        Assert.Equal(10, kept.DroppedPairs);
        Assert.Equal([5L, 5, 0, 0], Load(kept.Experts, 4));
        Assert.Equal([0L, 1], kept.Experts[4].data<long>().ToArray());
        Assert.Equal([-1L, -1], kept.Experts[5].data<long>().ToArray());
        Assert.Equal(0, Policy("reroute", 1).Apply(selector.Assign(scores), scores, selector).DroppedPairs);
    }

    [Fact]
    public void Position_serves_all_first_choices_before_any_second()
    {
        using var scope = NewDisposeScope();
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 3, TopK = 2 });
        Assignment wanted = new(tensor([1L, 0, 0, 1, 0, 2], [3, 2]), ones(3, 2) / 2);

        Assignment kept = Policy("position", 0.9).Apply(wanted, zeros(3, 3), selector);

        Assert.Equal([1L, -1, 0, 1, 0, 2], kept.Experts.flatten().data<long>().ToArray());
        Assert.Equal(1, kept.DroppedPairs);
    }

    [Fact]
    public void Probability_keeps_the_heaviest_and_of_equals_the_earlier()
    {
        using var scope = NewDisposeScope();
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 2, TopK = 1 });
        Assignment wanted = new(zeros(5, 1, ScalarType.Int64), tensor([0.2f, 0.5f, 0.3f, 0.5f, 0.3f], [5, 1]));

        Assignment kept = Policy("probability", 1).Apply(wanted, zeros(5, 2), selector);

        Assert.Equal([-1L, 0, 0, 0, -1], kept.Experts.flatten().data<long>().ToArray());
    }

    [Fact]
    public void What_is_left_of_a_token_is_rescaled_on_request_only()
    {
        using var scope = NewDisposeScope();
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 3, TopK = 2 });
        Assignment wanted = new(tensor([1L, 0, 0, 1, 0, 2], [3, 2]), tensor([0.75f, 0.25f, 0.5f, 0.5f, 0.5f, 0.5f], [3, 2]));

        Assignment plain = Policy("position", 0.9).Apply(wanted, zeros(3, 3), selector);
        Assignment rescaled = Policy("position", 0.9, renormalize: true).Apply(wanted, zeros(3, 3), selector);

        Assert.Equal(0.75f, plain.Weights[0].sum().item<float>(), 5);
        Near.AssertClose(rescaled.Weights, tensor([1f, 0, 0.5f, 0.5f, 0.5f, 0.5f], [3, 2]), 1e-6);
    }

    [Theory]
    [InlineData("position", false)]
    [InlineData("probability", true)]
    [InlineData("reroute", false)]
    [InlineData("reroute", true)]
    public void Gradients_pass_through_what_is_kept(string name, bool renormalize)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(11);
        using SoftmaxTopKSelector selector = new(new SelectorOptions { Experts = 5, TopK = 2, Normalize = false });
        Tensor scores = (randn(12, 5, ScalarType.Float64) + arange(5, ScalarType.Float64)).detach().requires_grad_();
        Tensor upstream = randn(12, 2, ScalarType.Float64);
        CapacityPolicy policy = Policy(name, 0.8, renormalize);
        Assert.True(policy.Apply(selector.Assign(scores), scores, selector).Experts.ne(selector.Assign(scores).Experts).any().item<bool>());

        double error = CentralDifference.WorstError(() => (policy.Apply(selector.Assign(scores), scores, selector).Weights * upstream).sum(), [scores], samples: 24);

        Assert.True(error < 1e-7, $"error {error}");
    }

    [Fact]
    public void Applying_policies_again_and_again_leaves_no_tensor_behind()
    {
        using var outer = NewDisposeScope();
        (TopKSoftmaxSelector selector, Tensor scores, Assignment before) = Make((20, 6, 2, 0.5, 1));
        CapacityPolicy[] policies = [.. CapacityPolicies.All.Select(p => p.Create(new CapacityOptions { CapacityFactor = 0.5, RenormalizeAfterDrop = true }))];
        long live = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 100; i++)
        {
            using var scope = NewDisposeScope();
            policies[i % policies.Length].Apply(before, scores, selector);
        }

        Assert.Equal(live, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        selector.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void A_factor_that_is_not_positive_is_refused(double factor) =>
        Assert.Throws<ConfigurationException>(() => Policy("position", factor));

    private static CapacityPolicy Policy(string name, double factor, bool renormalize = false) =>
        CapacityPolicies.All.Get(name).Create(new CapacityOptions { CapacityFactor = factor, RenormalizeAfterDrop = renormalize });

    private static (TopKSoftmaxSelector Selector, Tensor Scores, Assignment Assignment) Make((int T, int E, int K, double Factor, int Seed) c)
    {
        random.manual_seed(c.Seed);
        Tensor scores = randn(c.T, c.E) + (arange(c.E, ScalarType.Float32) / 2);
        TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = c.E, TopK = c.K });
        return (selector, scores, selector.Assign(scores));
    }

    private static long[] Load(Tensor experts, int count) =>
        (experts.flatten() + 1).bincount(null, count + 1).narrow(0, 1, count).data<long>().ToArray();
}
