using Switchyard.Routing;
using Switchyard.Training.Benchmarks;
using Switchyard.Training.Results;
using static TorchSharp.torch;

namespace Switchyard.Training.Characterizing;

/// <summary>Times router and selector of one layer in inference, in turn with a linear router of the same sizes.</summary>
internal static class RoutingLatency
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(200);

    /// <summary>Median times for one token of one layer, of T at once, for each T.</summary>
    /// <param name="routing">What is timed, in inference.</param>
    /// <param name="layer">The layer's sizes; its selector goes with the linear router.</param>
    /// <param name="tokens">Each T.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    public static IReadOnlyList<RouterLatency> Measure(LayerRouting routing, MoeLayerOptions layer, IReadOnlyList<int> tokens, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using LayerRouting linear = new(layer with { Routing = layer.Routing with { Router = "linear", Balancer = "none" }, Router = null, Balancer = null });
        linear.Router.eval();
        linear.Selector.eval();
        return [.. tokens.Select(t => At(t))];

        RouterLatency At(int count)
        {
            using var inner = NewDisposeScope();
            Tensor x = randn(count, layer.HiddenSize, generator: new Generator(1));
            RoutingContext context = new() { TokenIds = randint(0, Math.Max(1, layer.VocabularySize), [count], ScalarType.Int64, generator: new Generator(1)), SequenceLength = count };
            double[] times = Timing.Medians([Pass(linear), Pass(routing)], Budget, cancellation);
            return new RouterLatency(count, 1000 * times[1] / count, 1000 * times[0] / count);

            Action Pass(LayerRouting timed) => () =>
            {
                using var pass = NewDisposeScope();
                RoutingPass.Choose(timed, x, context);
            };
        }
    }
}
