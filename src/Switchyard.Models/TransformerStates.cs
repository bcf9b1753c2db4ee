using Switchyard.Balancing;
using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>What the layers of a transformer give.</summary>
/// <param name="Last">Hidden states after the last layer and its norm, [B, N, d].</param>
/// <param name="BalanceLoss">Balancing losses averaged over the MoE layers, a scalar; null where there are none.</param>
/// <param name="DroppedPairs">Pairs dropped by capacity policies, over all layers.</param>
public sealed record TransformerStates(Tensor Last, Tensor? BalanceLoss, long DroppedPairs)
{
    /// <summary>The residual stream [B, N, d] as embedded and after each layer but the last, then <see cref="Last"/>: layers + 1 of them where they were asked for, else none.</summary>
    public IReadOnlyList<Tensor> All { get; init; } = [];

    /// <summary>The terms of which <see cref="BalanceLoss"/> is the sum, by name, averaged over the MoE layers, without gradient.</summary>
    public IReadOnlyList<LossTerm> LossTerms { get; init; } = [];
}
