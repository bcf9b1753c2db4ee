using CsCheck;
using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing.LatentPrototypes;

public sealed class LatentPrototypeRouterTests
{
    private static readonly RouterOptions Sizes = new() { HiddenSize = 10, Experts = 7, TopK = 3 };

    [Fact]
    public void Every_combination_of_options_trains_a_step()
    {
        Gen<LatentPrototypeOptions> options = Gen.Select(
            Gen.Enum<PrototypeSimilarity>(),
            Gen.Enum<PrototypeDistribution>(),
            Gen.Enum<PrototypeDiversity>(),
            Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool),
            Gen.Int[1, 20],
            (similarity, distribution, diversity, switches, size) => new LatentPrototypeOptions
            {
                Similarity = similarity,
                Distribution = distribution,
                Diversity = diversity,
                UnitBall = switches.Item1,
                Ema = switches.Item2,
                Residual = switches.Item3,
                LatentSize = size,
            });
        options.Sample(
            settings =>
            {
                using var scope = NewDisposeScope();
                using LatentPrototypeRouter router = new(Sizes with { LatentPrototypes = settings });
                RouterOutput output = router.Score(randn(12, 10), RoutingContext.None);
                Assignment assignment = LocalTopK.Select(output.Scores, 3);
                Tensor loss = router.Loss(output, assignment, RoutingContext.None)!;
                (loss + assignment.Weights.square().sum() + (output.Residual?.sum() ?? 0)).backward();
                router.AfterStep();

                Assert.Equal(settings.Residual, output.Residual is not null);
                Assert.All(router.named_parameters(), p =>
                {
                    Assert.True(p.parameter.isfinite().all().item<bool>(), p.name);
                    Assert.True(p.parameter.grad?.isfinite().all().item<bool>() ?? true, p.name);
                });
            },
            iter: 150,
            threads: 1);
    }

    [Fact]
    public void Unit_ball_prototypes_have_unit_length()
    {
        using var scope = NewDisposeScope();
        using LatentPrototypeRouter router = new(Sizes with { LatentPrototypes = new LatentPrototypeOptions { UnitBall = true } });
        Near.AssertClose(router.get_parameter("expert_keys")!.norm(1), ones(7), 1e-6);
    }

    [Fact]
    public void Codes_are_drawn_in_training_and_means_in_evaluation()
    {
        using var scope = NewDisposeScope();
        using LatentPrototypeRouter router = new(Sizes);
        Tensor x = randn(5, 10);

        var drawn = (LatentPrototypeOutput)router.Score(x, RoutingContext.None);
        router.eval();
        var means = (LatentPrototypeOutput)router.Score(x, RoutingContext.None);

        Assert.False(drawn.Sample.IsSameAs(drawn.Mean));
        Assert.True(means.Sample.IsSameAs(means.Mean));
        Assert.True(drawn.Scores.IsSameAs(means.Scores));
    }

    [Fact]
    public void Padding_takes_no_part_in_the_loss_nor_in_the_moving_average()
    {
        using var scope = NewDisposeScope();
        RouterOptions options = Sizes with { LatentPrototypes = new LatentPrototypeOptions { Ema = true } };
        using LatentPrototypeRouter router = new(options) { Noise = ones_like_ };
        using LatentPrototypeRouter other = new(options) { Noise = ones_like_ };
        other.load_state_dict(router.state_dict());
        Tensor x = randn(8, 10);
        RoutingContext masked = new() { TokenMask = tensor(new[] { true, true, true, true, true, false, false, false }) };

        double padded = LossOf(router, x, masked);
        double plain = LossOf(other, x.narrow(0, 0, 5), RoutingContext.None);
        router.AfterStep();
        other.AfterStep();

        Assert.Equal(plain, padded, 1e-6);
        Near.AssertClose(router.get_parameter("expert_keys")!, other.get_parameter("expert_keys")!, 1e-5);
        Assert.True(double.IsFinite(LossOf(router, x, new RoutingContext { TokenMask = zeros(8, ScalarType.Bool) })));
    }

    [Fact]
    public void Empty_slots_of_an_assignment_choose_nothing()
    {
        using var scope = NewDisposeScope();
        using LatentPrototypeRouter router = new(Sizes) { Noise = ones_like_ };
        RouterOutput output = router.Score(randn(4, 10), RoutingContext.None);
        Tensor experts = output.Scores.topk(2, -1).indexes;
        Tensor dropped = cat([experts, full_like(experts, -1)], 1);

        double two = router.Loss(output, new Assignment(experts, experts), RoutingContext.None)!.item<float>();
        double four = router.Loss(output, new Assignment(dropped, dropped), RoutingContext.None)!.item<float>();

        Assert.Equal(two, four);
    }

    [Fact]
    public void Passes_of_one_step_move_the_average_as_one_pass_over_all_tokens()
    {
        using var scope = NewDisposeScope();
        RouterOptions options = Sizes with { LatentPrototypes = new LatentPrototypeOptions { Ema = true, Distribution = PrototypeDistribution.Wasserstein } };
        using LatentPrototypeRouter whole = new(options) { Noise = ones_like_ };
        using LatentPrototypeRouter parts = new(options) { Noise = ones_like_ };
        parts.load_state_dict(whole.state_dict());
        Tensor x = randn(8, 10);

        LossOf(whole, x, RoutingContext.None);
        LossOf(parts, x.narrow(0, 0, 3), RoutingContext.None);
        LossOf(parts, x.narrow(0, 3, 5), RoutingContext.None);
        whole.AfterStep();
        parts.AfterStep();
        parts.AfterStep();

        Near.AssertClose(parts.get_parameter("expert_keys_mu")!, whole.get_parameter("expert_keys_mu")!, 1e-5);
        Near.AssertClose(parts.get_parameter("expert_keys_logvar")!, whole.get_parameter("expert_keys_logvar")!, 1e-5);
    }

    [Fact]
    public void The_moving_average_finds_the_centres_of_clusters()
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        Tensor centres = randn(7, 4) * 4;
        using PrototypeAverage average = new(0.8, zeros(7, 4), null);
        Tensor prototypes = zeros(7, 4);
        for (int step = 0; step < 60; step++)
        {
            using var pass = NewDisposeScope();
            Tensor which = randint(0, 7, 300);
            average.Observe(nn.functional.one_hot(which, 7).to(ScalarType.Float32), centres.index_select(0, which) + (randn(300, 4) * 0.1));
            average.Update(prototypes, null);
        }

        Near.AssertClose(prototypes, centres, 0.02);
    }

    [Fact]
    public void The_loss_refuses_the_output_of_another_router()
    {
        using var scope = NewDisposeScope();
        using LatentPrototypeRouter router = new(Sizes);
        Tensor scores = randn(2, 7);
        Assert.Throws<ArgumentException>(() => router.Loss(new RouterOutput(scores), LocalTopK.Select(scores, 3), RoutingContext.None));
    }

    private static Tensor ones_like_(Tensor like) => ones_like(like);

    private static double LossOf(LatentPrototypeRouter router, Tensor x, RoutingContext context)
    {
        RouterOutput output = router.Score(x, context);
        return router.Loss(output, LocalTopK.Select(output.Scores, 3), context)!.item<float>();
    }
}
