using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>What a pass through an MoE transformer gives.</summary>
/// <param name="Logits">Logits [B, N, V], fp32.</param>
/// <param name="BalanceLoss">Balancing losses averaged over the MoE layers, a scalar; null where there are none.</param>
/// <param name="DroppedPairs">Pairs dropped by capacity policies, over all layers.</param>
public sealed record MoeTransformerOutput(Tensor Logits, Tensor? BalanceLoss, long DroppedPairs)
{
    /// <summary>The residual stream [B, N, d] as embedded and after each layer, the last one normed; empty unless it was asked for.</summary>
    public IReadOnlyList<Tensor> States { get; init; } = [];
}
