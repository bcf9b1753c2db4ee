using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

public sealed class HashRouterTests
{
    private static readonly RouterOptions Sizes = new() { HiddenSize = 16, Experts = 6, TopK = 2, VocabularySize = 50, Layer = 3, Seed = 9 };

    public static TheoryData<HashMode> Modes => [.. Enum.GetValues<HashMode>()];

    [Theory]
    [MemberData(nameof(Modes))]
    public void Each_token_has_k_scores_of_0_and_weights_of_one_kth(HashMode mode)
    {
        using var scope = NewDisposeScope();
        using HashRouter router = new(Sizes with { Hash = mode });

        Tensor scores = router.Score(randn(40, 16), Ids(40)).Scores;

        Assert.True(scores.eq(0).sum(1).eq(2).all().item<bool>());
        Assert.True(scores.isneginf().sum(1).eq(4).all().item<bool>());
        Assert.True(LocalTopK.Select(scores, 2).Weights.eq(0.5).all().item<bool>());
        Assert.True(scores.softmax(-1).isfinite().all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Infinite_scores_let_no_nan_into_a_backward_pass(HashMode mode)
    {
        using var scope = NewDisposeScope();
        using HashRouter router = new(Sizes with { Hash = mode });
        Tensor x = randn(40, 16).requires_grad_();
        Tensor bias = zeros(6).requires_grad_();

        Tensor scores = router.Score(x, Ids(40)).Scores;
        Assert.False(scores.requires_grad);
        Tensor weighed = scores + bias;
        Tensor weights = LocalTopK.Select(weighed, 2).Weights;
        ((weights * x.sum(1, keepdim: true)).sum() + weighed.softmax(-1).square().sum() + weighed.logsumexp(-1).square().mean()).backward();

        Assert.True(x.grad!.isfinite().all().item<bool>());
        Assert.True(bias.grad!.isfinite().all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void The_same_options_give_the_same_experts_whatever_the_global_seed(HashMode mode)
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(40, 16);
        manual_seed(1);
        using HashRouter one = new(Sizes with { Hash = mode });
        manual_seed(2);
        using HashRouter two = new(Sizes with { Hash = mode });

        Assert.True(one.Score(x, Ids(40)).Scores.IsSameAs(two.Score(x, Ids(40)).Scores));
    }

    [Fact]
    public void Equal_tokens_have_equal_experts_and_ids_wrap_around()
    {
        using var scope = NewDisposeScope();
        using HashRouter router = new(Sizes);
        RoutingContext context = new() { TokenIds = tensor(new long[] { 7, 8, 7, 57, -43 }) };

        Tensor scores = router.Score(zeros(5, 16), context).Scores;

        foreach (int same in new[] { 2, 3, 4 })
        {
            Assert.True(scores[0].IsSameAs(scores[same]));
        }
    }

    [Fact]
    public void Frequencies_balance_the_load_and_survive_a_state_dict()
    {
        using var scope = NewDisposeScope();
        using HashRouter router = new(Sizes with { Hash = HashMode.Balanced });
        long[] frequencies = [.. Enumerable.Range(0, 50).Select(i => (long)(i % 7 * 100))];

        router.SetFrequencies(frequencies);

        Tensor load = router.Score(zeros(50, 16), Ids(50)).Scores.eq(0).to(ScalarType.Float64).t().mv(tensor(frequencies).to(ScalarType.Float64));
        Assert.True((load.max() - load.min()).item<double>() <= 600, load.ToString());
        using HashRouter copy = new(Sizes with { Hash = HashMode.Balanced, Seed = 77 });
        copy.load_state_dict(router.state_dict());
        Assert.True(copy.Score(zeros(50, 16), Ids(50)).Scores.IsSameAs(router.Score(zeros(50, 16), Ids(50)).Scores));
    }

    [Fact]
    public void Nearby_hidden_states_share_experts_under_lsh_and_far_ones_do_not()
    {
        using var scope = NewDisposeScope();
        using HashRouter router = new(Sizes with { Hash = HashMode.Lsh });
        Tensor x = randn(400, 16);
        Tensor scores = router.Score(x, RoutingContext.None).Scores;

        double near = Agreement(scores, router.Score(x * 3 + (randn(400, 16) * 1e-4), RoutingContext.None).Scores);
        double far = Agreement(scores, router.Score(randn(400, 16), RoutingContext.None).Scores);

        Assert.InRange(near, 0.98, 1);
        Assert.InRange(far, 0, 0.6);
    }

    [Fact]
    public void What_cannot_be_hashed_is_said_with_the_way_out()
    {
        using var scope = NewDisposeScope();
        using HashRouter router = new(Sizes);
        Assert.Contains("lsh", Assert.Throws<ConfigurationException>(() => router.Score(zeros(3, 16), RoutingContext.None)).Message, StringComparison.Ordinal);
        Assert.Throws<ConfigurationException>(() => router.Score(zeros(3, 16), Ids(4)));
        Assert.Throws<ConfigurationException>(() => router.SetFrequencies(new long[50]));
        Assert.Throws<ConfigurationException>(() => new HashRouter(Sizes with { Hash = HashMode.Balanced, VocabularySize = 0 }));
        using HashRouter balanced = new(Sizes with { Hash = HashMode.Balanced });
        Assert.Throws<ConfigurationException>(() => balanced.SetFrequencies(new long[49]));
        Assert.Throws<ConfigurationException>(() => balanced.SetFrequencies([.. Enumerable.Repeat(-1L, 50)]));
    }

    private static double Agreement(Tensor a, Tensor b) => a.eq(0).logical_and(b.eq(0)).to(ScalarType.Float64).sum(1).mean().item<double>() / 2;

    private static RoutingContext Ids(int count) => new() { TokenIds = arange(count, ScalarType.Int64) };
}
