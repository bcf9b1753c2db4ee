using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Selection;

namespace Switchyard;

/// <summary>How one layer of a model routes, where that differs from the others, or is to be exchanged.</summary>
public sealed record LayerRoutingOptions
{
    /// <summary>Router, selector and balancer.</summary>
    public RoutingRecipe Routing { get; init; } = new();

    /// <summary>Settings of the router beyond the layer's sizes; null for the defaults.</summary>
    public RouterOptions? Router { get; init; }

    /// <summary>Settings of the selector beyond the layer's sizes; null for the defaults.</summary>
    public SelectorOptions? Selector { get; init; }

    /// <summary>Settings of the balancer beyond the layer's sizes; null for the defaults.</summary>
    public BalancerOptions? Balancer { get; init; }

    /// <summary>What a layer's options say of its routing.</summary>
    public static LayerRoutingOptions Of(MoeLayerOptions layer) => new() { Routing = layer.Routing, Router = layer.Router, Selector = layer.Selector, Balancer = layer.Balancer };

    /// <summary>A layer's options with this routing.</summary>
    public MoeLayerOptions In(MoeLayerOptions layer) => layer with { Routing = Routing, Router = Router, Selector = Selector, Balancer = Balancer };
}
