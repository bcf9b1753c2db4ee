using Switchyard.Balancing;
using static TorchSharp.torch;

namespace Switchyard;

/// <summary>What one pass through an MoE layer gives.</summary>
/// <param name="Output">Outputs, of the shape of the input.</param>
/// <param name="BalanceLoss">The sum of the balancer's and the router's own losses, a scalar to add to the model's loss; null where there is none, and in inference.</param>
/// <param name="DroppedPairs">Pairs that the capacity policy dropped.</param>
public sealed record MoeLayerOutput(Tensor Output, Tensor? BalanceLoss, long DroppedPairs)
{
    /// <summary>The terms of which <see cref="BalanceLoss"/> is the sum, the balancer's before the router's.</summary>
    public IReadOnlyList<LossTerm> LossTerms { get; init; } = [];
}
