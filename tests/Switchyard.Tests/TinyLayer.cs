using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests;

/// <summary>Small layers of any router, selector and balancer.</summary>
internal static class TinyLayer
{
    public const int HiddenSize = 8, Experts = 6, TopK = 2, Sequence = 12;

    /// <summary>fp32 sums in another order.</summary>
    public const double Tolerance = 1e-5;

    /// <summary>Every router with every selector that it goes with.</summary>
    public static TheoryData<string, string> Pairs =>
    [
        .. Routers.All.Names.SelectMany(_ => Selectors.All.Names, (router, selector) => (router, selector)).Where(p => RoutingCompatibility.Reason(p.router, p.selector, "none") is null),
    ];

    public static TheoryData<string> BalancerNames => [.. Balancers.All.Where(b => !b.NeedsRouterLoss).Select(b => b.Name)];

    public static MoeLayerOptions Options(string router, string selector) => new()
    {
        HiddenSize = HiddenSize,
        Experts = Experts,
        TopK = TopK,
        InnerSize = 4,
        InitialDeviation = 0.3,
        SharedInnerSize = 4,
        SharedGate = true,
        Routing = new RoutingRecipe { Router = router, Selector = selector },
        Router = new RouterOptions { HiddenSize = 1, Experts = 1, TopK = 1, Bias = true, KeySize = 4, HiddenWidth = 5, LatentPrototypes = new LatentPrototypeOptions { LatentSize = 3, Coefficient = 1 } },
        Selector = new SelectorOptions { Experts = Experts, TopK = TopK, Groups = 3, TopKGroup = 2 },
    };

    /// <summary>A layer whose scores are far from each other.</summary>
    public static MoeLayer Make(MoeLayerOptions options)
    {
        random.manual_seed(1);
        MoeLayer layer = new(options);
        using var quiet = no_grad();
        foreach (TorchSharp.Modules.Parameter parameter in layer.Router.parameters().Concat(layer.Selector.parameters()))
        {
            parameter.add_(randn_like(parameter), 0.5);
        }

        return layer;
    }

    /// <summary>Gives routers and balancers a state that is not the first.</summary>
    public static void Exercise(MoeLayer layer)
    {
        layer.train();
        Tensor skew = arange(HiddenSize, ScalarType.Float32) / 4;
        for (int step = 0; step < 4; step++)
        {
            layer.Run(randn(30, HiddenSize) + skew);
            layer.AfterStep();
        }
    }
}
