using Switchyard.Experts;
using Switchyard.Kernels.Products;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>
/// The mean cross-entropy of softmax(h·Wᵀ) as one node of the autograd graph. Logits exist for a block of tokens at a time: their gradient, softmax − one-hot, is known as soon as they are,
/// and is multiplied out at once, so that [T, V] is never whole, neither forward nor backward.
/// </summary>
internal sealed unsafe class CrossEntropyFunction : autograd.SingleTensorFunction<CrossEntropyFunction>
{
    private const string NeedsKey = "needs";

    public override string Name => nameof(CrossEntropyFunction);

    /// <summary>A scalar.</summary>
    /// <param name="hidden">h [T, d], contiguous.</param>
    /// <param name="weight">W [V, d], contiguous, of the type of h; null where it is stored.</param>
    /// <param name="stored">W in the form in which it is stored, which has no gradient.</param>
    /// <param name="targets">[T] int64; negative ones are not judged.</param>
    /// <param name="rows">Tokens of a block.</param>
    public static Tensor Run(Tensor hidden, Tensor? weight, StoredMatrix? stored, Tensor targets, long rows)
    {
        bool records = is_grad_enabled() && (hidden.requires_grad || weight is { requires_grad: true });
        return records
            ? apply(hidden, weight?.Viewed()!, targets, rows, new Needs(hidden.requires_grad, weight is { requires_grad: true }), stored!)
            : Sweep(hidden, weight, stored, targets, rows, null, null);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor hidden, Tensor? weight, Tensor targets, Needs needs) = ((Tensor)vars[0], (Tensor?)vars[1], (Tensor)vars[2], (Needs)vars[4]);
        Tensor? dHidden = needs.Hidden ? zeros_like(hidden) : null;
        Tensor? dWeight = needs.Weight ? zeros_like(weight!, ScalarType.Float32) : null;
        Tensor loss = Sweep(hidden, weight, (StoredMatrix?)vars[5], targets, (long)vars[3], dHidden, dWeight);
        ctx.save_for_backward([dHidden!, dWeight!]);
        ctx.save_data(NeedsKey, weight?.dtype ?? hidden.dtype);
        return loss;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        List<Tensor> saved = ctx.get_saved_variables();
        return GraphNode.Return(
            saved[0] is null ? null : saved[0] * grad_output.to(saved[0].dtype),
            saved[1] is null ? null : (saved[1] * grad_output).to((ScalarType)ctx.get_data(NeedsKey)),
            null,
            null,
            null,
            null);
    }

    /// <summary>The mean loss, and its gradients where there is room for them.</summary>
    private static Tensor Sweep(Tensor hidden, Tensor? weight, StoredMatrix? stored, Tensor targets, long rows, Tensor? dHidden, Tensor? dWeight)
    {
        using var scope = NewDisposeScope();
        Tensor judged = targets.ge(Held(0));
        double count = Math.Max(1, judged.sum(ScalarType.Int64).item<long>());
        Tensor sum = zeros(1, ScalarType.Float64, hidden.device);
        for (long at = 0; at < hidden.size(0); at += rows)
        {
            using var block = NewDisposeScope();
            long take = Math.Min(rows, hidden.size(0) - at);
            Tensor h = hidden.narrow(0, at, take);
            Tensor chosen = targets.narrow(0, at, take).clamp_min(Held(0)).unsqueeze(1);
            Tensor counts = judged.narrow(0, at, take).unsqueeze(1);
            Tensor logits = (stored is null ? DenseOperations.Linear(h, weight!) : DenseOperations.Linear(h, stored)).to(ScalarType.Float32);
            Tensor normalizer = logits.logsumexp(1, keepdim: true);
            Tensor loss = (normalizer - logits.gather(1, chosen)).where(counts, zeros(1, device: hidden.device));
            sum.add_(loss.sum(ScalarType.Float64));
            if (dHidden is null && dWeight is null)
            {
                continue;
            }

            Tensor slope = logits.sub_(normalizer).exp_();
            slope.scatter_add_(1, chosen, full_like(normalizer, Held(-1)));
            slope.mul_(counts.to(ScalarType.Float32).div_(Held(count)));
            Accumulate(h, weight, stored, slope, dHidden?.narrow(0, at, take), dWeight, first: at == 0);
        }

        return (sum / Held(count)).to(ScalarType.Float32).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>dh = slope·W, dW += slopeᵀ·h.</summary>
    private static void Accumulate(Tensor h, Tensor? weight, StoredMatrix? stored, Tensor slope, Tensor? dHidden, Tensor? dWeight, bool first)
    {
        if (stored is not null || (DenseOperations.OnKernels(h) && DenseOperations.OnKernels(weight!)))
        {
            Tensor wide = h.to(ScalarType.Float32);
            Tensor? dWide = dHidden?.dtype == ScalarType.Float32 ? dHidden : dHidden is null ? null : empty_like(wide);
            using TensorMemory memory = new();
            DenseProduct product = new()
            {
                Rows = checked((int)h.size(0)),
                Inputs = checked((int)h.size(1)),
                Outputs = checked((int)slope.size(1)),
                X = memory.Floats(wide),
                Weights = memory.Floats(weight),
                StoredWeights = stored,
            };
            product.Backward(KernelEngines.Current, memory.Floats(slope), memory.Floats(dWide), memory.Floats(dWeight), accumulate: !first);
            if (dWide is not null && !ReferenceEquals(dWide, dHidden))
            {
                dHidden!.copy_(dWide);
            }

            return;
        }

        Tensor narrow = slope.to(h.dtype);
        dHidden?.copy_(narrow.matmul(weight!));
        dWeight?.add_(narrow.t().matmul(h).to(ScalarType.Float32));
    }

    private sealed record Needs(bool Hidden, bool Weight);
}
