using Switchyard.Dense;
using Switchyard.Kernels.Storage;
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

    /// <summary>The parameters themselves where they are stored in <paramref name="type"/>, else differentiable copies; of stored matrices, all widened.</summary>
    public static ExpertTensors Of(ExpertWeights weights, ScalarType type) => new(
        weights.Stored is { } first ? Widened(first.GateUp, type) : weights.GateUp.to(type),
        weights.Stored is { } second ? Widened(second.Down, type) : weights.Down.to(type),
        weights.GateUpBias?.to(type),
        weights.DownBias?.to(type),
        weights.Options.Activation);

    private static unsafe Tensor Widened(IReadOnlyList<StoredMatrix> matrices, ScalarType type)
    {
        Tensor all = empty(matrices.Count, matrices[0].Rows, matrices[0].Columns);
        float* at = TensorMemory.Floats(all);
        foreach (StoredMatrix matrix in matrices)
        {
            matrix.Widen(at);
            at += (long)matrix.Rows * matrix.Columns;
        }

        return all.to(type);
    }
}
