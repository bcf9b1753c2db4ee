using CsCheck;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Selection;

public sealed class SelectorTests
{
    public static TheoryData<string> Names => [.. Selectors.All.Names];

    /// <summary>Selectors whose k weights sum to one.</summary>
    public static TheoryData<string> Normalizing => ["softmax-topk", "topk-softmax", "sigmoid-group", "noisy-topk", "round-robin", "threshold"];

    private static readonly Gen<(int T, int E, int K, int Seed)> s_case =
        from t in Gen.Int[1, 24]
        from half in Gen.Int[1, 8]
        from k in Gen.Int[1, 2 * half]
        from seed in Gen.Int[0, 1000]
        select (t, 2 * half, k, seed);

    [Theory]
    [MemberData(nameof(Names))]
    public void Experts_of_a_token_are_distinct_and_weights_lie_between_0_and_1(string name) => s_case.Sample(
        c =>
        {
            using var scope = NewDisposeScope();
            (Selector selector, Tensor scores, Tensor x) = Make(name, c);
            Assignment assignment = selector.Select(scores, x);
            long[,] experts = Rows(assignment.Experts);
            for (int t = 0; t < c.T; t++)
            {
                long[] own = [.. Enumerable.Range(0, experts.GetLength(1)).Select(j => experts[t, j]).Where(e => e >= 0)];
                Assert.Equal(own.Length, own.Distinct().Count());
                Assert.All(own, e => Assert.InRange(e, 0, c.E - 1));
            }

            Assert.True(assignment.Weights.ge(0).all().item<bool>());
            Assert.True(assignment.Weights.le(1 + 1e-6).all().item<bool>());
            Assert.True(assignment.Weights.masked_select(assignment.Experts.lt(0)).eq(0).all().item<bool>());
            Assert.Equal(assignment.Experts.shape, assignment.Weights.shape);
            selector.Dispose();
        },
        iter: 60, threads: 1);

    [Theory]
    [MemberData(nameof(Normalizing))]
    public void Normalized_weights_sum_to_one(string name) => s_case.Sample(
        c =>
        {
            using var scope = NewDisposeScope();
            (Selector selector, Tensor scores, Tensor x) = Make(name, c);
            Tensor sums = selector.Select(scores, x).Weights.sum(1);
            selector.Dispose();
            return (sums - 1).abs().max().item<float>() < 1e-5;
        },
        iter: 60, threads: 1);

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_of_the_weights_agree_with_central_differences(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        Tensor scores = randn(9, 6, ScalarType.Float64).requires_grad_();
        Tensor x = randn(9, 5, ScalarType.Float64);
        Tensor normal = randn(9, 6, ScalarType.Float64);
        using Selector selector = Selectors.All.Get(name).Create(new SelectorOptions { Experts = 6, TopK = 2, HiddenSize = 5, Groups = 3, TopKGroup = 2, Scale = 1.5 });
        if (selector is NoisyTopKSelector noisy)
        {
            noisy.Normal = _ => normal;
        }

        Tensor upstream = randn([.. selector.Select(scores, x).Weights.shape], ScalarType.Float64);

        Assert.True(CentralDifference.WorstError(() => (selector.Select(scores, x).Weights * upstream).sum(), [scores]) < 1e-7);
    }

    [Theory]
    [InlineData("softmax-topk", true)]
    [InlineData("softmax-topk", false)]
    [InlineData("topk-softmax", true)]
    public void Scores_of_minus_infinity_and_empty_slots_give_no_nan(string name, bool normalize)
    {
        using var scope = NewDisposeScope();
        Tensor scores = full([4, 6], double.NegativeInfinity);
        scores[0, 2] = 0;
        scores[0, 5] = 0;
        scores[1, 1] = 0;
        scores[2, TensorIndex.Colon] = 1;
        scores.requires_grad_();
        using Selector selector = Selectors.All.Get(name).Create(new SelectorOptions { Experts = 6, TopK = 2, Normalize = normalize });

        Assignment assignment = selector.Select(scores, scores);
        (assignment.Weights * arange(8, ScalarType.Float32).view(4, 2)).sum().backward();

        Assert.Equal([2L, 5, 1, -1, 0, 1, -1, -1], assignment.Experts.flatten().data<long>().ToArray());
        Assert.True(assignment.Weights.isfinite().all().item<bool>());
        Assert.True(scores.grad!.isfinite().all().item<bool>());
        Assert.Equal(0.5f, assignment.Weights[0, 0].item<float>(), 5);
        Assert.Equal(1f, assignment.Weights[1, 0].item<float>(), 5);
        Assert.Equal(0f, assignment.Weights[3].sum().item<float>());
    }

    [Fact]
    public void A_choice_bias_moves_the_choice_and_not_the_weights()
    {
        using var scope = NewDisposeScope();
        Tensor scores = tensor([1f, 2, 3, 4], [1, 4]);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 4, TopK = 2 });

        Assignment assignment = selector.Select(scores, scores, _ => tensor([10f, 0, 0, 0]));

        Assert.Equal([0L, 3], assignment.Experts.data<long>().ToArray());
        Near.AssertClose(assignment.Weights, tensor([1f, 4], [1, 2]).softmax(1), 1e-6);
    }

    [Fact]
    public void Sinkhorn_evens_the_load_in_training_and_chooses_by_score_in_inference()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        Tensor scores = randn(256, 8) + arange(8, ScalarType.Float32);
        using SinkhornSelector selector = new(new SelectorOptions { Experts = 8, TopK = 1 });

        long worst = MaxLoad(selector.Select(scores, scores).Experts, 8);
        selector.eval();
        long plain = MaxLoad(selector.Select(scores, scores).Experts, 8);

        Assert.True(worst < 64, $"sinkhorn sends {worst} of 256 tokens to one expert");
        Assert.True(plain > 128, $"plain top-1 sends {plain}");
        Assert.Throws<NotFiniteNumberException>(() => SinkhornPlan.Of(scores / 0));
    }

    [Fact]
    public void Round_robin_is_even_to_the_pair()
    {
        using var scope = NewDisposeScope();
        using RoundRobinSelector selector = new(new SelectorOptions { Experts = 6, TopK = 4 });

        Tensor experts = selector.Select(randn(9, 6), zeros(9, 1)).Experts;

        Assert.Equal(6, MaxLoad(experts, 6));
        Assert.Equal([0L, 1, 2, 3, 4, 5, 0, 1], experts.narrow(0, 0, 2).flatten().data<long>().ToArray());
    }

    [Theory]
    [InlineData(5, 6, 1, 1)]
    [InlineData(6, 2, 4, 1)]
    [InlineData(6, 2, 3, 4)]
    [InlineData(6, 3, 3, 1)]
    [InlineData(6, 0, 1, 1)]
    public void Sizes_that_do_not_fit_are_refused(int experts, int topK, int groups, int topKGroup) =>
        Assert.Throws<ConfigurationException>(() => new SigmoidGroupSelector(new SelectorOptions { Experts = experts, TopK = topK, Groups = groups, TopKGroup = topKGroup }));

    [Theory]
    [MemberData(nameof(Names))]
    public void Choosing_a_thousand_times_leaves_no_tensor_behind(string name)
    {
        using var outer = NewDisposeScope();
        (Selector selector, Tensor scores, Tensor x) = Make(name, (16, 8, 2, 1));
        Step(selector, scores, x);
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 1000; i++)
        {
            Step(selector, scores, x);
        }

        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        selector.Dispose();

        static void Step(Selector selector, Tensor scores, Tensor x)
        {
            using var scope = NewDisposeScope();
            selector.Select(scores, x);
        }
    }

    [Fact]
    public void Only_what_a_choice_gives_leaves_it()
    {
        using var scope = NewDisposeScope();
        using SigmoidGroupSelector selector = new(new SelectorOptions { Experts = 8, TopK = 2, Groups = 4, TopKGroup = 2 });
        Tensor scores = randn(16, 8);
        int before = scope.DisposablesCount;

        using Tensor experts = selector.Choose(scores);

        Assert.Equal(before + 1, scope.DisposablesCount);
    }

    private static (Selector Selector, Tensor Scores, Tensor X) Make(string name, (int T, int E, int K, int Seed) c)
    {
        random.manual_seed(c.Seed);
        Selector selector = Selectors.All.Get(name).Create(new SelectorOptions { Experts = c.E, TopK = c.K, HiddenSize = 5, Groups = 2, TopKGroup = 2 });
        return (selector, randn(c.T, c.E) * 3, randn(c.T, 5));
    }

    private static long MaxLoad(Tensor experts, int count) => experts.flatten().bincount(null, count).max().item<long>();

    private static long[,] Rows(Tensor experts)
    {
        long[,] rows = new long[experts.shape[0], experts.shape[1]];
        Buffer.BlockCopy(experts.contiguous().data<long>().ToArray(), 0, rows, 0, rows.Length * sizeof(long));
        return rows;
    }
}
