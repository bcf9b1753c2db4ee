using Switchyard.Balancing;
using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>What a pass of training gives.</summary>
/// <param name="Loss">Mean cross-entropy of the judged tokens, a scalar in nats.</param>
/// <param name="BalanceLoss">Balancing losses averaged over the MoE layers, a scalar; null where there are none.</param>
/// <param name="DroppedPairs">Pairs dropped by capacity policies, over all layers.</param>
public sealed record MoeTransformerLoss(Tensor Loss, Tensor? BalanceLoss, long DroppedPairs)
{
    /// <summary>The terms of which <see cref="BalanceLoss"/> is the sum, by name, averaged over the MoE layers, without gradient.</summary>
    public IReadOnlyList<LossTerm> LossTerms { get; init; } = [];
}
