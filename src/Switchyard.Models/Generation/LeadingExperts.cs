using Switchyard.Metrics;
using static TorchSharp.torch;

namespace Switchyard.Models.Generation;

/// <summary>Notes the expert of the largest weight of the last token, layer by layer.</summary>
internal sealed class LeadingExperts : IRoutingObserver
{
    private readonly List<int> _experts = [];

    public IReadOnlyList<int> Take()
    {
        int[] taken = [.. _experts];
        _experts.Clear();
        return taken;
    }

    public void Observe(RoutingObservation observation)
    {
        using var scope = NewDisposeScope();
        Tensor slot = observation.Assignment.Weights[^1].argmax();
        _experts.Add((int)observation.Assignment.Experts[^1][slot].item<long>());
    }
}
