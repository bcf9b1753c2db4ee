using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

public sealed class RandomRouterTests
{
    private static readonly RouterOptions Sizes = new() { HiddenSize = 4, Experts = 9, TopK = 3 };

    [Fact]
    public void Training_draws_anew_from_the_global_generator()
    {
        using var scope = NewDisposeScope();
        using RandomRouter router = new(Sizes);
        Tensor x = zeros(200, 4);

        manual_seed(4);
        Tensor first = router.forward(x);
        Tensor second = router.forward(x);
        manual_seed(4);
        Tensor again = router.forward(x);

        Assert.False(first.IsSameAs(second));
        Assert.True(first.IsSameAs(again));
        Assert.True(first.eq(0).sum(1).eq(3).all().item<bool>());
    }

    [Fact]
    public void Evaluation_depends_on_the_place_in_the_sequence_alone()
    {
        using var scope = NewDisposeScope();
        using RandomRouter router = new(Sizes);
        router.eval();

        Tensor two = router.Score(randn(20, 4), new RoutingContext { SequenceLength = 10 }).Scores;
        Tensor one = router.Score(randn(10, 4), RoutingContext.None).Scores;

        Assert.True(two.narrow(0, 0, 10).IsSameAs(one));
        Assert.True(two.narrow(0, 10, 10).IsSameAs(one));
        Assert.True(one.eq(0).sum(1).eq(3).all().item<bool>());
        using RandomRouter layer = new(Sizes with { Layer = 1 });
        layer.eval();
        Assert.False(layer.forward(zeros(10, 4)).IsSameAs(one));
    }

    [Fact]
    public void Choices_are_uniform_over_experts()
    {
        using var scope = NewDisposeScope();
        using RandomRouter router = new(Sizes);
        manual_seed(1);

        Tensor load = router.forward(zeros(30_000, 4)).eq(0).sum(dim: 0).to(ScalarType.Float64) / 10_000.0;

        Assert.InRange(load.min().item<double>(), 0.95, 1);
        Assert.InRange(load.max().item<double>(), 1, 1.05);
    }
}
