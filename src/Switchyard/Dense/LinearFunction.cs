using Switchyard.Experts;
using Switchyard.Kernels;
using Switchyard.Kernels.Products;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>x·Wᵀ + b by our kernels as one node of the autograd graph, on tensor memory.</summary>
internal sealed unsafe class LinearFunction : autograd.SingleTensorFunction<LinearFunction>
{
    private const string NeedsKey = "needs", StoredKey = "stored";

    public override string Name => nameof(LinearFunction);

    public static Tensor Run(Tensor x, Tensor weight, Tensor? bias) => Run(x, weight, bias, null);

    /// <summary>The same of weights in the form in which they are stored, which have no gradient.</summary>
    public static Tensor Run(Tensor x, StoredMatrix stored, Arithmetic arithmetic, Tensor? bias) => Run(x, null, bias, new StoredWeights(stored, arithmetic));

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0];
        Tensor? weight = (Tensor?)vars[1], bias = (Tensor?)vars[2];
        StoredWeights? stored = (StoredWeights?)vars[4];
        ctx.save_for_backward([x, weight!]);
        ctx.save_data(NeedsKey, vars[3]);
        if (stored is not null)
        {
            ctx.save_data(StoredKey, stored);
        }

        return Forward(x, weight, bias, stored);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor x, Tensor? weight) = (saved[0], saved[1]);
        Needs needs = (Needs)ctx.get_data(NeedsKey);
        StoredWeights? stored = weight is null ? (StoredWeights)ctx.get_data(StoredKey) : null;
        Tensor dy = grad_output.contiguous();
        Tensor? dx = needs.X ? empty_like(x) : null;
        Tensor? dWeight = weight is not null && (needs.Weight || needs.Bias) ? empty_like(weight) : null;
        Tensor? dBias = !needs.Bias ? null : weight is null ? dy.sum([0L]) : empty(weight.size(0));
        using TensorMemory memory = new();
        Product(memory, x, weight, null, stored).Backward(KernelEngines.Current, memory.Floats(dy), memory.Floats(dx), memory.Floats(dWeight), weight is null ? null : memory.Floats(dBias));
        return GraphNode.Return(dx, needs.Weight ? dWeight : null, dBias, null, null);
    }

    private static Tensor Run(Tensor x, Tensor? weight, Tensor? bias, StoredWeights? stored)
    {
        using var scope = NewDisposeScope();
        Tensor rows = x.reshape(-1, x.size(-1)).contiguous();
        Needs needs = new(x.requires_grad, weight is { requires_grad: true }, bias is { requires_grad: true });
        Tensor y = is_grad_enabled() && (needs.X || needs.Weight || needs.Bias)
            ? apply(rows, weight?.Viewed()!, bias?.Viewed()!, needs, stored!)
            : Forward(rows, weight, bias, stored);
        return y.reshape([.. x.shape[..^1], y.size(1)]).MoveToOuterDisposeScope();
    }

    private static Tensor Forward(Tensor x, Tensor? weight, Tensor? bias, StoredWeights? stored)
    {
        Tensor y = empty(x.size(0), stored?.Matrix.Rows ?? weight!.size(0));
        using TensorMemory memory = new();
        Product(memory, x, weight, bias, stored).Forward(KernelEngines.Current, memory.Floats(y));
        return y;
    }

    private static DenseProduct Product(TensorMemory memory, Tensor x, Tensor? weight, Tensor? bias, StoredWeights? stored) => new()
    {
        Rows = checked((int)x.size(0)),
        Inputs = checked((int)x.size(1)),
        Outputs = stored?.Matrix.Rows ?? checked((int)weight!.size(0)),
        X = memory.Floats(x),
        Weights = memory.Floats(weight),
        StoredWeights = stored?.Matrix,
        Arithmetic = stored?.Arithmetic ?? Arithmetic.Fp32,
        Bias = memory.Floats(bias),
    };

    private sealed record StoredWeights(StoredMatrix Matrix, Arithmetic Arithmetic);

    private sealed record Needs(bool X, bool Weight, bool Bias);
}
