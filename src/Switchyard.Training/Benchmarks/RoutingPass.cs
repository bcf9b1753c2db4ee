using Switchyard.Dispatch;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>What the cost of routing is the time of: router, selector and plan of a layer.</summary>
internal static class RoutingPass
{
    public static void Run(MoeLayer layer, Tensor x, RoutingContext context) =>
        DispatchPlan.From(Choose(layer.Routing, x, context).Experts, layer.Options.Experts);

    /// <summary>Router and selector alone.</summary>
    public static Assignment Choose(LayerRouting routing, Tensor x, RoutingContext context) =>
        routing.Selector.Select(routing.Router.Score(x, context).Scores, x, routing.Balancer.ChoiceBias);
}
