using Switchyard.Dispatch;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>What the cost of routing is the time of: router, selector and plan of a layer.</summary>
internal static class RoutingPass
{
    public static void Run(MoeLayer layer, Tensor x, RoutingContext context)
    {
        RouterOutput routed = layer.Router.Score(x, context);
        Assignment assignment = layer.Selector.Select(routed.Scores, x, layer.Balancer.ChoiceBias);
        DispatchPlan.From(assignment.Experts, layer.Options.Experts);
    }
}
