using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Selection;

namespace Switchyard.Models.Checkpoints;

/// <summary>Layers of a checkpoint that route otherwise than its architecture says: an element of <c>rerouted</c> in the section <c>switchyard</c>.</summary>
internal sealed record RoutingGroup
{
    /// <summary>Indices of the layers.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>Router, balancers and selector, such as <c>lpr+bias+softmax-topk</c>.</summary>
    public required string Routing { get; init; }

    public RouterOptions? Router { get; init; }

    public SelectorOptions? Selector { get; init; }

    public BalancerOptions? Balancer { get; init; }

    public LayerRoutingOptions ToOptions() => new() { Routing = RoutingRecipe.Parse(Routing), Router = Router, Selector = Selector, Balancer = Balancer };

    /// <summary>The layers of a model whose inference needs more than the model's usual routing, those that route alike together.</summary>
    public static IReadOnlyList<RoutingGroup> Of(MoeTransformer model) =>
    [
        .. model.MoeLayers
            .Where(l => !InfersAsUsual(l, model.Options.UsualMoeLayer(l.Options.Layer)))
            .GroupBy(l => (l.Options.Routing.Name, Router: l.Router.Options with { Layer = 0 }, Selector: l.Selector.Options, Balancer: l.Balancer.Options))
            .Select(g => new RoutingGroup { Layers = [.. g.Select(l => l.Options.Layer)], Routing = g.Key.Name, Router = g.Key.Router, Selector = g.Key.Selector, Balancer = g.Key.Balancer }),
    ];

    /// <summary>Whether a layer computes with its tensors what the usual layer computes with tensors of the same names: the balancer's loss does not matter, its choice bias does.</summary>
    private static bool InfersAsUsual(MoeLayer layer, MoeLayerOptions usual) =>
        layer.Options.Routing.Router == usual.Routing.Router
        && layer.Options.Routing.Selector == usual.Routing.Selector
        && BiasOf(layer.Options.Routing) == BiasOf(usual.Routing)
        && layer.Router.Options == LayerRouting.RouterOptionsOf(usual)
        && layer.Selector.Options == LayerRouting.SelectorOptionsOf(usual);

    private static string? BiasOf(RoutingRecipe routing) =>
        Balancers.Parse(routing.Balancer).Select(b => b.Entry).FirstOrDefault(e => e.UsesChoiceBias)?.Name;
}
