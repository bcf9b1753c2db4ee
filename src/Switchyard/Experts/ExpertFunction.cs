using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>
/// All experts over all rows as one node of the autograd graph: y_t = Σ_slot W_down·(w·act(W_up·x_t + b_up)) + w·b_down, with its backward beside it.
/// </summary>
/// <remarks>
/// The combine weights are multiplied in before the second product, where rows are narrow (f, not d), and so neither the experts' outputs [N, d]
/// are kept for the backward, nor the gathered gradients multiplied: dw = act(a)·(W_downᵀ·dy).
/// The index tensors are kept as saved variables, so that the plan may be disposed before the backward.
/// </remarks>
internal sealed class ExpertFunction : autograd.SingleTensorFunction<ExpertFunction>
{
    private const string LayoutKey = "layout", ActivationKey = "activation";

    public override string Name => nameof(ExpertFunction);

    /// <summary>Outputs [T, d].</summary>
    /// <param name="x">Hidden states [T, d].</param>
    /// <param name="weights">Combine weights [T, k].</param>
    /// <param name="experts">The experts, in the type of <paramref name="x"/>.</param>
    /// <param name="layout">The rows.</param>
    /// <param name="activations">Whether the inner values are kept for the backward.</param>
    public static Tensor Run(Tensor x, Tensor weights, ExpertTensors experts, RowLayout layout, SavedActivations activations)
    {
        bool records = is_grad_enabled() && (x.requires_grad || weights.requires_grad || experts.RequiresGradient);
        if (!records)
        {
            using var scope = NewDisposeScope();
            return Outputs(InnerValues.Of(x, weights, experts, layout), experts, layout).MoveToOuterDisposeScope();
        }

        return apply(
            x,
            weights,
            experts.GateUp.Viewed(),
            experts.Down.Viewed(),
            experts.GateUpBias?.Viewed()!,
            experts.DownBias?.Viewed()!,
            layout,
            experts.Activation,
            activations);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0], weights = (Tensor)vars[1];
        RowLayout layout = (RowLayout)vars[6];
        ExpertTensors experts = new((Tensor)vars[2], (Tensor)vars[3], (Tensor?)vars[4], (Tensor?)vars[5], (ExpertActivation)vars[7]);
        using var scope = NewDisposeScope();
        InnerValues inner = InnerValues.Of(x, weights, experts, layout);
        Tensor y = Outputs(inner, experts, layout);
        Tensor[] kept = (SavedActivations)vars[8] == SavedActivations.Keep ? [inner.Rows, inner.A, inner.Weighted, inner.Weight] : [x];
        ctx.save_for_backward([.. layout.Indices, weights, experts.GateUp, experts.Down, experts.GateUpBias!, experts.DownBias!, .. kept]);
        ctx.save_data(LayoutKey, layout);
        ctx.save_data(ActivationKey, experts.Activation);
        foreach (Tensor tensor in kept.Length > 1 ? kept : [])
        {
            tensor.MoveToOuterDisposeScope();
        }

        return y.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        List<Tensor> saved = ctx.get_saved_variables();
        RowLayout layout = (RowLayout)ctx.get_data(LayoutKey);
        int indices = layout.Indices.Count;
        layout = layout.Over(saved[..indices]);
        saved = saved[indices..];
        Tensor weights = saved[0];
        ExpertTensors experts = new(saved[1], saved[2], saved[3], saved[4], (ExpertActivation)ctx.get_data(ActivationKey));
        (Tensor rows, Tensor a, Tensor weighted, Tensor weight) = saved.Count > 6
            ? new InnerValues(saved[5], saved[6], saved[7], saved[8])
            : InnerValues.Of(saved[5], weights, experts, layout);

        Tensor dy = layout.Gather(grad_output.contiguous());
        Tensor dDown = layout.WeightGradient(dy, weighted);
        Tensor g = layout.ProductTransposed(dy, experts.Down);
        (Tensor da, Tensor dw) = TorchOperators.ActivateBackward(experts.Activation, a, g, weight);
        Tensor? dDownBias = null;
        if (experts.DownBias is not null)
        {
            dw += layout.GatherBias(experts.DownBias).mul_(dy).sum(1);
            dDownBias = layout.BiasGradient(dy.mul_(weight));
        }

        Tensor dGateUp = layout.WeightGradient(da, rows);
        Tensor? dGateUpBias = experts.GateUpBias is null ? null : layout.BiasGradient(da);
        Tensor dx = layout.Combine(layout.ProductTransposed(da, experts.GateUp));
        Tensor dWeights = layout.ScatterWeights(dw).to(weights.dtype);

        return GraphNode.Return(dx, dWeights, dGateUp, dDown, dGateUpBias, dDownBias, null, null, null);
    }

    /// <summary>[T, d]: the second product and the combine.</summary>
    private static Tensor Outputs(InnerValues inner, ExpertTensors experts, RowLayout layout)
    {
        Tensor outputs = layout.Product(inner.Weighted, experts.Down);
        if (experts.DownBias is not null)
        {
            outputs.addcmul_(layout.GatherBias(experts.DownBias), inner.Weight, Held(1));
        }

        return layout.Combine(outputs);
    }

    /// <summary>What stands between the products: gathered rows [N, d], a before and w·act(a) after the activation, and w [N, 1].</summary>
    private sealed record InnerValues(Tensor Rows, Tensor A, Tensor Weighted, Tensor Weight)
    {
        public static InnerValues Of(Tensor x, Tensor weights, ExpertTensors experts, RowLayout layout)
        {
            Tensor weight = layout.GatherWeights(weights).to(x.dtype);
            Tensor rows = layout.Gather(x);
            Tensor a = layout.Product(rows, experts.GateUp);
            if (experts.GateUpBias is not null)
            {
                a.add_(layout.GatherBias(experts.GateUpBias));
            }

            return new InnerValues(rows, a, TorchOperators.Activate(experts.Activation, a).mul_(weight), weight);
        }
    }
}
