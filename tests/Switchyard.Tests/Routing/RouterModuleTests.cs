using CsCheck;
using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

/// <summary>What holds of every registered router.</summary>
public sealed class RouterModuleTests
{
    private static readonly RouterOptions Sizes = new() { HiddenSize = 24, Experts = 6, TopK = 2, VocabularySize = 30, KeySize = 8, HiddenWidth = 10 };

    public static TheoryData<string> Names => [.. Routers.All.Names];

    [Fact]
    public void The_catalog_holds_the_routers_of_the_specification() =>
        Assert.Equal(["attention", "hash", "hybrid", "linear", "lpr", "mlp", "mlp-hadamard", "random"], Routers.All.Names.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void Scores_have_a_row_a_token_and_a_column_an_expert(string name) =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 20], Gen.Int[0, 33], Gen.Int[1, 4]).Sample(
            (d, experts, tokens, heads) =>
            {
                using var scope = NewDisposeScope();
                RouterOptions options = Sizes with { HiddenSize = d, Experts = experts, TopK = Math.Min(2, experts), KeySize = heads * 3, Heads = heads, HiddenWidth = heads };
                using Router router = Routers.All.Get(name).Create(options);
                RouterOutput output = router.Score(randn(tokens, d), Ids(tokens));
                Assert.Equal([tokens, experts], output.Scores.shape);
                Assert.Equal(ScalarType.Float32, output.Scores.dtype);
                Assert.Equal(options.HiddenSize, output.Residual?.shape[1] ?? d);
                Assert.False(output.Scores.isnan().any().item<bool>());
            },
            iter: 30,
            seed: "0000KOIPe036",
            threads: 1);

    [Theory]
    [InlineData("linear", (6 * 24) + 6)]
    [InlineData("attention", (8 * 24) + (6 * 8))]
    [InlineData("mlp", (10 * 24) + 10 + (6 * 10) + 6)]
    [InlineData("hybrid", (6 * 24) + 6 + (8 * 24) + (6 * 8) + 1)]
    [InlineData("hash", 0)]
    [InlineData("mlp-hadamard", (2 * 10 * 24) + 20 + (6 * 10) + 6)]
    [InlineData("lpr", (2 * 24) + (2 * 16 * 24) + 32 + (6 * 16) + (16 * 24) + 24)]
    [InlineData("random", 0)]
    public void Parameters_are_as_many_as_the_formula_says(string name, long expected)
    {
        using Router router = Routers.All.Get(name).Create(Sizes with { Bias = true });
        Assert.Equal(expected, router.parameters().Sum(p => p.numel()));
        Assert.Equal(expected > 0, Routers.All.Get(name).IsTrainable);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_router_outlives_the_scope_it_was_made_in_and_saves_and_loads(string name)
    {
        Router router;
        using (NewDisposeScope())
        {
            manual_seed(1);
            router = Routers.All.Get(name).Create(Sizes);
        }

        using var scope = NewDisposeScope();
        using Router owned = router;
        using Router copy = Routers.All.Get(name).Create(Sizes);
        copy.load_state_dict(router.state_dict());
        router.eval();
        copy.eval();
        Tensor x = randn(12, 24);

        Assert.True(router.Score(x, Ids(12)).Scores.IsSameAs(copy.Score(x, Ids(12)).Scores));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_global_seed_decides_the_initial_weights(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using Router one = Routers.All.Get(name).Create(Sizes);
        manual_seed(5);
        using Router two = Routers.All.Get(name).Create(Sizes);

        Assert.All(one.named_parameters().Zip(two.named_parameters()), pair => Assert.True(pair.First.parameter.IsSameAs(pair.Second.parameter), pair.First.name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Weights_may_be_bf16_and_arithmetic_is_fp32(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        using Router router = Routers.All.Get(name).Create(Sizes);
        router.eval();
        using (NewDisposeScope())
        {
            router.to(ScalarType.BFloat16);
        }

        Tensor x = randn(12, 24).to(ScalarType.BFloat16).requires_grad_();
        RouterOutput narrow = router.Score(x, Ids(12));
        Tensor wide;
        using (NewDisposeScope())
        {
            router.to(ScalarType.Float32);
            wide = router.Score(x.to(ScalarType.Float32), Ids(12)).Scores.MoveToOuterDisposeScope();
        }

        Assert.Equal(ScalarType.Float32, narrow.Scores.dtype);
        Assert.Equal(x.dtype, narrow.Residual?.dtype ?? x.dtype);
        Assert.True(narrow.Scores.IsSameAs(wide));
        if (Routers.All.Get(name).IsTrainable)
        {
            router.Score(x, Ids(12)).Scores.square().sum().backward();
            Assert.True(x.grad!.isfinite().all().item<bool>());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Double_stays_double(string name)
    {
        using var scope = NewDisposeScope();
        using Router router = Routers.All.Get(name).Create(Sizes);
        Assert.Equal(ScalarType.Float64, router.Score(randn([5, 24], ScalarType.Float64), Ids(5)).Scores.dtype);
    }

    [Theory]
    [InlineData("linear", 1)]
    [InlineData("attention", 1)]
    [InlineData("mlp", 1)]
    [InlineData("mlp-hadamard", 1)]
    [InlineData("hybrid", 0.7071)]
    public void First_scores_have_the_same_scale(string name, double factor)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using Router router = Routers.All.Get(name).Create(new RouterOptions { HiddenSize = 256, Experts = 64, TopK = 2, Heads = 2 });

        double deviation = router.forward(randn(500, 256)).std().item<float>();

        Assert.InRange(deviation / (factor * 0.02 * 16), 0.85, 1.15);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_thousand_passes_leave_no_tensor_behind(string name)
    {
        RouterOptions options = Sizes with { LatentPrototypes = new LatentPrototypeOptions { Ema = true, Diversity = PrototypeDiversity.Euclidean } };
        using Router router = Routers.All.Get(name).Create(options);
        using Tensor x = randn(9, 24).DetachFromDisposeScope();
        using RoutingContext_ ids = new(9);
        long live = -1;
        for (int pass = 0; pass < 1000; pass++)
        {
            using (NewDisposeScope())
            {
                RouterOutput output = router.Score(x, ids.Context);
                Assignment assignment = LocalTopK.Select(output.Scores, 2);
                Tensor objective = assignment.Weights.square().sum() + (router.Loss(output, assignment, ids.Context) ?? 0);
                if (objective.requires_grad)
                {
                    objective.backward();
                }

                router.AfterStep();
            }

            if (pass == 2)
            {
                live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            }
        }

        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused_with_a_reason()
    {
        Assert.Contains("at most 6", Assert.Throws<ConfigurationException>(() => Routers.All.Get("linear").Create(Sizes with { TopK = 7 })).Message, StringComparison.Ordinal);
        Assert.Contains("multiple of 3", Assert.Throws<ConfigurationException>(() => Routers.All.Get("attention").Create(Sizes with { Heads = 3 })).Message, StringComparison.Ordinal);
        Assert.Throws<ConfigurationException>(() => Sizes with { HiddenSize = 0 });
        Assert.Throws<ConfigurationException>(() => new LatentPrototypeOptions { LatentSize = 0 });
        Assert.Throws<ConfigurationException>(() => new LatentPrototypeOptions { EmaDecay = 1 });
        Assert.Throws<ConfigurationException>(() => new LatentPrototypeOptions { KlWeight = double.NaN });
    }

    private static RoutingContext Ids(int count) => new() { TokenIds = arange(count, ScalarType.Int64) };

    private sealed class RoutingContext_(int tokens) : IDisposable
    {
        public RoutingContext Context { get; } = new() { TokenIds = arange(tokens, ScalarType.Int64).DetachFromDisposeScope() };

        public void Dispose() => Context.TokenIds!.Dispose();
    }
}
