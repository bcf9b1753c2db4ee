using Switchyard.Dense;
using Switchyard.Experts.Caching;
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
    public static ExpertTensors Of(ExpertWeights weights, ScalarType type)
    {
        (Tensor gateUp, Tensor down) = weights.Stored is { } stored ? Widened(stored) : (weights.GateUp, weights.Down);
        return new(gateUp.to(type), down.to(type), weights.GateUpBias?.to(type), weights.DownBias?.to(type), weights.Options.Activation);
    }

    private static (Tensor GateUp, Tensor Down) Widened(StoredExperts stored)
    {
        Tensor gateUp = Empty(stored.GateUp), down = Empty(stored.Down);
        foreach (ExpertPortion portion in stored.Portions([.. Enumerable.Repeat(1, stored.Options.Experts)]))
        {
            Widen(portion.GateUp!, portion.From, gateUp);
            Widen(portion.Down!, portion.From, down);
        }

        return (gateUp, down);

        static Tensor Empty(IReadOnlyList<StoredMatrix> matrices) => empty(matrices.Count, matrices[0].Rows, matrices[0].Columns);
    }

    private static unsafe void Widen(IReadOnlyList<StoredMatrix> matrices, int from, Tensor all)
    {
        using TensorMemory memory = new();
        for (int i = 0; i < matrices.Count; i++)
        {
            matrices[i].Widen(memory.Floats(all) + ((long)(from + i) * matrices[i].Rows * matrices[i].Columns));
        }
    }
}
