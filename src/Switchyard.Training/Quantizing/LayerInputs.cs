using Switchyard.Metrics;
using static TorchSharp.torch;

namespace Switchyard.Training.Quantizing;

/// <summary>Keeps what the experts of one layer see, and how its tokens were routed, over several batches.</summary>
/// <param name="routing">The layer's: what experts are chosen by tells how near a token came to one.</param>
internal sealed class LayerInputs(LayerRouting routing) : IRoutingObserver, IDisposable
{
    private readonly List<Tensor> _hidden = [], _seen = [], _margins = [], _chosen = [];

    /// <inheritdoc/>
    public void Observe(RoutingObservation observation)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor hidden = observation.Hidden ?? throw new InvalidOperationException("the layer does not say what it sees");
        Tensor seen = observation.ExpertInput ?? hidden;
        Keep(_hidden, hidden.to(ScalarType.Float32));
        if (!ReferenceEquals(seen, hidden))
        {
            Keep(_seen, seen.to(ScalarType.Float32));
        }

        Tensor experts = observation.Assignment.Experts, preference = routing.Selector.Preference(observation.Scores);
        Tensor scores = (routing.Balancer.WeighedBias(preference, observation.Context) is { } bias ? preference + bias : preference).to(ScalarType.Float32);
        Tensor empty = experts.lt(Held(0)), places = experts.clamp_min(Held(0));
        Tensor threshold = scores.gather(1, places).masked_fill(empty, Held(float.PositiveInfinity)).min(1, keepdim: true).values;
        Tensor chosen = zeros_like(scores).scatter_add_(1, places, empty.logical_not().to(ScalarType.Float32)).gt(Held(0));
        Keep(_margins, scores - threshold);
        Keep(_chosen, chosen);
    }

    /// <summary>What the layer sees, [T, d], which a shared expert sees too.</summary>
    public Tensor Hidden() => cat(_hidden, 0);

    /// <summary>What the routed experts see, [T, d].</summary>
    public Tensor Seen() => cat(_seen.Count > 0 ? _seen : _hidden, 0);

    /// <summary>Which tokens each expert is calibrated on.</summary>
    /// <param name="least">Tokens that each expert gets at least.</param>
    public CalibrationTokens Tokens(int least) => new(cat(_margins, 0), cat(_chosen, 0), least);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _hidden.Concat(_seen).Concat(_margins).Concat(_chosen))
        {
            tensor.Dispose();
        }
    }

    /// <summary>The observed tensors end with the pass.</summary>
    private static void Keep(List<Tensor> list, Tensor tensor) => list.Add(tensor.clone().DetachFromDisposeScope());
}
