using Switchyard.Routing;
using Switchyard.Selection;
using Switchyard.Training.Corpora;
using static TorchSharp.torch;

namespace Switchyard.Training.Rerouting;

/// <summary>How far new routers choose what the old ones chose: of the experts that the old routing chose for a token, the share that the new routing chooses too, both given the hidden states of the original model.</summary>
internal static class RoutingAgreement
{
    /// <summary>The share for each layer, in inference.</summary>
    public static double[] Measure(ReroutedModel model, IEnumerable<TokenBatch> batches, CancellationToken cancellation = default)
    {
        using var quiet = no_grad();
        long[] same = new long[model.Layers.Count];
        long[] all = new long[model.Layers.Count];
        foreach ((int number, TokenBatch batch) in batches.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            (Tensor inputs, _) = model.Batch(batch, number);
            (OldRouting old, _) = OldRouting.Of(model, inputs);
            RoutingContext context = new() { TokenIds = inputs.flatten(), SequenceLength = batch.SequenceLength };
            for (int i = 0; i < model.Layers.Count; i++)
            {
                LayerRouting routing = model.New(i);
                (Tensor x, _, Tensor before) = old[model.Layers[i].Options.Layer];
                Assignment now = routing.Selector.Select(routing.Router.Score(x, context).Scores, x, p => routing.Balancer.WeighedBias(p, context));
                int experts = model.Layers[i].Options.Experts;
                same[i] += Chosen(before, experts).logical_and(Chosen(now.Experts, experts)).sum().item<long>();
                all[i] += before.ge(Held(0)).sum().item<long>();
            }
        }

        return [.. same.Select((s, i) => (double)s / Math.Max(1, all[i]))];
    }

    /// <summary>Which experts each token has, [T, E] bool.</summary>
    /// <param name="experts">Experts [T, k], −1 for an empty slot.</param>
    /// <param name="count">E.</param>
    public static Tensor Chosen(Tensor experts, int count) =>
        zeros([experts.size(0), count + 1L], ScalarType.Bool).scatter_(1, experts.remainder(Held(count + 1)), ones_like(experts, ScalarType.Bool)).narrow(1, 0, count);
}
