using Switchyard.Balancing;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Tests;

/// <summary>Another router, selector and balancer in the place of a layer's own.</summary>
public sealed class RoutingExchangeTests
{
    [Theory]
    [InlineData("attention+dual")]
    [InlineData("lpr+topk-softmax")]
    [InlineData("hash+topk-softmax")]
    public void What_is_exchanged_twice_is_as_it_was(string recipe)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using MoeLayer layer = new(Options("linear+bias"));
        layer.eval();
        Tensor x = randn(20, 8);
        RoutingContext context = new() { TokenIds = arange(20) };
        float[] before = layer.Run(x, context).Output.data<float>().ToArray();
        string[] names = [.. layer.state_dict().Keys.Order(StringComparer.Ordinal)];
        Router router = layer.Router;

        LayerRouting old = layer.Exchange(new LayerRouting(Options(recipe)));
        Assert.Equal(recipe.Split('+')[0], layer.Options.Routing.Router);
        Assert.NotSame(router, layer.Router);
        Assert.False(layer.Router.training);
        Assert.NotEqual(before, layer.Run(x, context).Output.data<float>().ToArray());
        Assert.DoesNotContain(layer.state_dict().Values, v => ReferenceEquals(v, ((LinearRouter)router).get_parameter("W_g")));

        using LayerRouting other = layer.Exchange(old);
        Assert.Same(router, layer.Router);
        Assert.IsType<BiasBalancer>(layer.Balancer);
        Assert.Equal(before, layer.Run(x, context).Output.data<float>().ToArray());
        Assert.Equal(names, layer.state_dict().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_routing_made_for_other_sizes_is_refused()
    {
        using MoeLayer layer = new(Options("linear"));
        using LayerRouting other = new(Options("linear") with { Experts = 7 });
        Assert.Contains("7 experts", Assert.Throws<ConfigurationException>(() => layer.Exchange(other)).Message, StringComparison.Ordinal);
    }

    private static MoeLayerOptions Options(string recipe) => new() { HiddenSize = 8, Experts = 6, TopK = 2, InnerSize = 4, Routing = RoutingRecipe.Parse(recipe), Executor = "sequential" };
}
