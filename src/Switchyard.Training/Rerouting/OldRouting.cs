using Switchyard.Metrics;
using static TorchSharp.torch;

namespace Switchyard.Training.Rerouting;

/// <summary>What the original model's layers saw and did in one pass: hidden states [T, d], scores [T, E] and chosen experts [T, k]. The tensors belong to the caller's dispose scope.</summary>
internal sealed class OldRouting : IRoutingObserver
{
    private readonly Dictionary<int, (Tensor Hidden, Tensor Scores, Tensor Experts)> _layers = [];

    /// <summary>Of a layer.</summary>
    public (Tensor Hidden, Tensor Scores, Tensor Experts) this[int layer] => _layers[layer];

    /// <summary>Runs the original model.</summary>
    /// <param name="model">The model; its new routing is in its place again afterwards.</param>
    /// <param name="inputs">Token ids [B, N].</param>
    /// <returns>What was seen, and the last hidden states [B, N, d].</returns>
    public static (OldRouting Routing, Tensor Last) Of(ReroutedModel model, Tensor inputs)
    {
        OldRouting seen = new();
        model.Use(old: true);
        model.Model.eval();
        try
        {
            using var quiet = no_grad();
            return (seen, model.Model.Encode(new Models.TransformerInput(inputs), seen).Last);
        }
        finally
        {
            model.Use(old: false);
        }
    }

    /// <inheritdoc/>
    public void Observe(RoutingObservation observation) =>
        _layers[observation.Layer] = (Kept(observation.Hidden!), Kept(observation.Scores), Kept(observation.Assignment.Experts));

    /// <summary>Behind the layer's scope, in the caller's.</summary>
    private static Tensor Kept(Tensor tensor) => tensor.alias().MoveToOuterDisposeScope();
}
