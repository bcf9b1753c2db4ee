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
    private const string LayoutKey = "layout", ActivationKey = "activation", GradientsKey = "gradients";

    public override string Name => nameof(ExpertFunction);

    /// <summary>Outputs [T, d].</summary>
    /// <param name="x">Hidden states [T, d].</param>
    /// <param name="weights">Combine weights [T, k].</param>
    /// <param name="experts">The experts, in the type of <paramref name="x"/>.</param>
    /// <param name="layout">The rows.</param>
    public static Tensor Run(Tensor x, Tensor weights, ExpertTensors experts, RowLayout layout)
    {
        bool records = is_grad_enabled() && (x.requires_grad || weights.requires_grad || experts.RequiresGradient);
        if (!records)
        {
            return Forward(x, weights, experts, layout, saved: null);
        }

        // A view between a parameter and the node lets torch take the gradient over where it would copy one that is still referred to.
        return apply(
            x,
            weights,
            experts.GateUp.view(experts.GateUp.shape),
            experts.Down.view(experts.Down.shape),
            experts.GateUpBias?.view(experts.GateUpBias.shape)!,
            experts.DownBias?.view(experts.DownBias.shape)!,
            layout,
            experts.Activation);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0], weights = (Tensor)vars[1];
        RowLayout layout = (RowLayout)vars[6];
        ExpertTensors experts = new((Tensor)vars[2], (Tensor)vars[3], (Tensor?)vars[4], (Tensor?)vars[5], (ExpertActivation)vars[7]);
        List<Tensor> saved = [.. layout.Indices];
        Tensor y = Forward(x, weights, experts, layout, saved);
        ctx.save_for_backward(saved);
        ctx.save_data(LayoutKey, layout);
        ctx.save_data(ActivationKey, experts.Activation);
        return y;
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
        (Tensor rows, Tensor a, Tensor weighted, Tensor weight) = (saved[indices], saved[indices + 1], saved[indices + 2], saved[indices + 3]);
        (Tensor gateUp, Tensor down, Tensor weights) = (saved[indices + 4], saved[indices + 5], saved[indices + 6]);
        (Tensor? gateUpBias, Tensor? downBias) = (saved[indices + 7], saved[indices + 8]);

        Tensor dy = layout.Gather(grad_output.contiguous());
        Tensor dDown = layout.WeightGradient(dy, weighted);
        Tensor g = layout.ProductTransposed(dy, down);
        (Tensor da, Tensor dw) = TorchOperators.ActivateBackward((ExpertActivation)ctx.get_data(ActivationKey), a, g, weight);
        Tensor? dDownBias = null;
        if (downBias is not null)
        {
            dw += layout.GatherBias(downBias).mul_(dy).sum(1);
            dDownBias = layout.BiasGradient(dy.mul_(weight));
        }

        Tensor dGateUp = layout.WeightGradient(da, rows);
        Tensor? dGateUpBias = gateUpBias is null ? null : layout.BiasGradient(da);
        Tensor dx = layout.Combine(layout.ProductTransposed(da, gateUp));
        Tensor dWeights = layout.ScatterWeights(dw).to(weights.dtype);

        List<Tensor> gradients = [dx, dWeights, dGateUp, dDown, dGateUpBias!, dDownBias!, null!, null!];
        foreach (Tensor? gradient in gradients)
        {
            gradient?.MoveToOuterDisposeScope();
        }

        // Torch reads the handles after this returns: until then something must refer to the tensors.
        ctx.save_data(GradientsKey, gradients);
        return gradients;
    }

    private static Tensor Forward(Tensor x, Tensor weights, ExpertTensors experts, RowLayout layout, List<Tensor>? saved)
    {
        using var scope = NewDisposeScope();
        Tensor weight = layout.GatherWeights(weights).to(x.dtype);
        Tensor rows = layout.Gather(x);
        Tensor a = layout.Product(rows, experts.GateUp);
        if (experts.GateUpBias is not null)
        {
            a.add_(layout.GatherBias(experts.GateUpBias));
        }

        Tensor weighted = TorchOperators.Activate(experts.Activation, a).mul_(weight);
        Tensor outputs = layout.Product(weighted, experts.Down);
        if (experts.DownBias is not null)
        {
            outputs.addcmul_(layout.GatherBias(experts.DownBias), weight, 1);
        }

        if (saved is not null)
        {
            saved.AddRange([rows, a, weighted, weight, experts.GateUp, experts.Down, weights, experts.GateUpBias!, experts.DownBias!]);
            foreach (Tensor kept in (ReadOnlySpan<Tensor>)[rows, a, weighted, weight])
            {
                kept.MoveToOuterDisposeScope();
            }
        }

        return layout.Combine(outputs).MoveToOuterDisposeScope();
    }
}
