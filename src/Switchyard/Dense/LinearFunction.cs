using Switchyard.Experts;
using Switchyard.Kernels.Products;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>x·Wᵀ + b by our kernels as one node of the autograd graph, on tensor memory.</summary>
internal sealed unsafe class LinearFunction : autograd.SingleTensorFunction<LinearFunction>
{
    private const string NeedsKey = "needs";

    public override string Name => nameof(LinearFunction);

    public static Tensor Run(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor rows = x.reshape(-1, x.size(-1)).contiguous();
        bool records = is_grad_enabled() && (x.requires_grad || weight.requires_grad || bias is { requires_grad: true });
        Tensor y = records
            ? apply(rows, weight.Viewed(), bias?.Viewed()!, new Needs(x.requires_grad, weight.requires_grad, bias is { requires_grad: true }))
            : Forward(rows, weight, bias);
        return y.reshape([.. x.shape[..^1], weight.size(0)]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0], weight = (Tensor)vars[1];
        Tensor? bias = (Tensor?)vars[2];
        ctx.save_for_backward([x, weight]);
        ctx.save_data(NeedsKey, vars[3]);
        return Forward(x, weight, bias);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor x, Tensor weight) = (saved[0], saved[1]);
        Needs needs = (Needs)ctx.get_data(NeedsKey);
        Tensor dy = grad_output.contiguous();
        Tensor? dx = needs.X ? empty_like(x) : null;
        Tensor? dWeight = needs.Weight || needs.Bias ? empty_like(weight) : null;
        Tensor? dBias = needs.Bias ? empty(weight.size(0)) : null;
        Product(x, weight, null).Backward(KernelEngines.Current, TensorMemory.Floats(dy), TensorMemory.Floats(dx), TensorMemory.Floats(dWeight), TensorMemory.Floats(dBias));
        return ctx.Return(dx, needs.Weight ? dWeight : null, dBias, null);
    }

    private static Tensor Forward(Tensor x, Tensor weight, Tensor? bias)
    {
        Tensor y = empty(x.size(0), weight.size(0));
        Product(x, weight, bias).Forward(KernelEngines.Current, TensorMemory.Floats(y));
        return y;
    }

    private static DenseProduct Product(Tensor x, Tensor weight, Tensor? bias) => new()
    {
        Rows = checked((int)x.size(0)),
        Inputs = checked((int)x.size(1)),
        Outputs = checked((int)weight.size(0)),
        X = TensorMemory.Floats(x),
        Weights = TensorMemory.Floats(weight),
        Bias = TensorMemory.Floats(bias),
    };

    private sealed record Needs(bool X, bool Weight, bool Bias);
}
