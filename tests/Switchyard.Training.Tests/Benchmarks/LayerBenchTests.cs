using Switchyard.Routing;
using Switchyard.Training.Benchmarks;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Benchmarks;

public sealed class LayerBenchTests
{
    private static readonly BenchOptions Options = new() { Shapes = ["quick"], Tokens = [40], Threads = [1], Budget = TimeSpan.Zero };

    [Theory]
    [InlineData("fp32", "sequential,grouped-mm,grouped")]
    [InlineData("bf16", "sequential,grouped-mm,grouped")]
    [InlineData("int4", "sequential fp32,sequential bf16,grouped-mm fp32,grouped-mm bf16,grouped")]
    public void A_layer_is_timed_beside_torchs_executors_on_experts_as_they_are_stored(string storage, string names)
    {
        List<BenchRow> rows = [.. LayerBench.Run(Options with { Storage = storage, Load = "zipf:1", Names = ["grouped"] }, TestContext.Current.CancellationToken)];

        Assert.Equal(names.Split(',').Order(StringComparer.Ordinal), rows.Select(r => r.Executor).Order(StringComparer.Ordinal));
        Assert.All(rows, r => Assert.Equal((storage, "zipf:1"), (r.Storage, r.Load)));
        Assert.All(rows, r => Assert.True(r.Milliseconds > 0));
    }

    [Theory]
    [InlineData("even")]
    [InlineData("zipf:1")]
    [InlineData("collapsed")]
    public void The_router_of_a_timed_layer_chooses_the_load_that_was_asked_for(string load)
    {
        using var scope = NewDisposeScope();
        BenchShape shape = BenchShape.All.Get("quick");
        using MoeLayer layer = BenchLayer.Make(shape, new RoutingRecipe(), withExperts: true);
        Tensor x = randn(40, shape.HiddenSize), experts = LoadShape.Experts(load, 40, shape.TopK, shape.Experts);

        BenchLayer.Route(layer, x, experts);

        Tensor chosen = layer.Selector.Select(layer.Router.Score(x, RoutingContext.None).Scores, x).Experts;
        Assert.Equal(experts.data<long>().ToArray(), chosen.data<long>().ToArray());
    }
}
