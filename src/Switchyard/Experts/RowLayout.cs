using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>How the rows of all experts lie in one matrix [N, ·], and the batched products over it. Nothing here is differentiable; <see cref="ExpertFunction"/> differentiates.</summary>
internal abstract class RowLayout
{
    /// <summary>The index tensors, so that a function can keep them alive until its backward.</summary>
    public abstract IReadOnlyList<Tensor> Indices { get; }

    /// <summary>The same layout over other handles of the same index tensors.</summary>
    public abstract RowLayout Over(IReadOnlyList<Tensor> indices);

    /// <summary>Rows [N, n] of tokens [T, n].</summary>
    public abstract Tensor Gather(Tensor tokens);

    /// <summary>Tokens [T, n]: each the sum of its rows of [N, n], slot by slot.</summary>
    public abstract Tensor Combine(Tensor rows);

    /// <summary>Weights of the rows [N, 1] of combine weights [T, k].</summary>
    public abstract Tensor GatherWeights(Tensor weights);

    /// <summary>The transpose of <see cref="GatherWeights"/>: [T, k] of [N]; zero for empty slots.</summary>
    public abstract Tensor ScatterWeights(Tensor rows);

    /// <summary>[N, o]: each row of [N, i] times its expert's Wᵀ, W of [E, o, i].</summary>
    public abstract Tensor Product(Tensor rows, Tensor w);

    /// <summary>[N, i]: each row of [N, o] times its expert's W, W of [E, o, i].</summary>
    public abstract Tensor ProductTransposed(Tensor rows, Tensor w);

    /// <summary>[E, o, i]: for each expert the sum over its rows of gᵀ·a, g of [N, o], a of [N, i].</summary>
    public abstract Tensor WeightGradient(Tensor g, Tensor a);

    /// <summary>Each row's bias [N, n] of biases [E, n].</summary>
    public abstract Tensor GatherBias(Tensor bias);

    /// <summary>[E, n]: for each expert the sum over its rows of [N, n].</summary>
    public abstract Tensor BiasGradient(Tensor g);
}
