using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The weights of all experts in the type that their products are computed in.</summary>
/// <param name="GateUp">[E, 2f, d] or [E, f, d].</param>
/// <param name="Down">[E, d, f].</param>
/// <param name="GateUpBias">[E, 2f] or [E, f].</param>
/// <param name="DownBias">[E, d].</param>
/// <param name="Activation">The non-linearity.</param>
internal sealed record ExpertTensors(Tensor GateUp, Tensor Down, Tensor? GateUpBias, Tensor? DownBias, ExpertActivation Activation)
{
    public bool RequiresGradient =>
        GateUp.requires_grad || Down.requires_grad || GateUpBias is { requires_grad: true } || DownBias is { requires_grad: true };

    /// <summary>The parameters themselves where they are stored in <paramref name="type"/>, else differentiable copies.</summary>
    public static ExpertTensors Of(ExpertWeights weights, ScalarType type) =>
        new(weights.GateUp.to(type), weights.Down.to(type), weights.GateUpBias?.to(type), weights.DownBias?.to(type), weights.Options.Activation);
}
