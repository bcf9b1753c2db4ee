using Switchyard.Experts;
using Switchyard.Kernels.Norms;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>An RMS norm by our kernels as one node of the autograd graph, on tensor memory.</summary>
internal sealed unsafe class NormFunction : autograd.SingleTensorFunction<NormFunction>
{
    private const string NeedsKey = "needs";

    public override string Name => nameof(NormFunction);

    public static Tensor Run(Tensor x, Tensor weight, double epsilon)
    {
        using var scope = NewDisposeScope();
        Tensor rows = x.reshape(-1, x.size(-1)).contiguous();
        bool records = is_grad_enabled() && (x.requires_grad || weight.requires_grad);
        Tensor y = records
            ? apply(rows, weight.Viewed(), new Needs(x.requires_grad, weight.requires_grad, (float)epsilon))
            : Forward(rows, weight, (float)epsilon, scales: null);
        return y.reshape(x.shape).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0], weight = (Tensor)vars[1];
        Needs needs = (Needs)vars[2];
        Tensor scales = empty(x.size(0));
        Tensor y = Forward(x, weight, needs.Epsilon, scales);
        ctx.save_for_backward([x, weight, scales]);
        ctx.save_data(NeedsKey, needs);
        return y;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor x, Tensor weight, Tensor scales) = (saved[0], saved[1], saved[2]);
        Needs needs = (Needs)ctx.get_data(NeedsKey);
        Tensor dy = grad_output.contiguous();
        Tensor? dx = needs.X ? empty_like(x) : null;
        Tensor? dWeight = needs.Weight ? empty_like(weight) : null;
        using TensorMemory memory = new();
        Norm(memory, x, weight, needs.Epsilon).Backward(KernelEngines.Current, memory.Floats(dy), memory.Floats(scales), memory.Floats(dx), memory.Floats(dWeight));
        return GraphNode.Return(dx, dWeight, null);
    }

    private static Tensor Forward(Tensor x, Tensor weight, float epsilon, Tensor? scales)
    {
        Tensor y = empty_like(x);
        using TensorMemory memory = new();
        Norm(memory, x, weight, epsilon).Forward(KernelEngines.Current, memory.Floats(y), memory.Floats(scales));
        return y;
    }

    private static RootMeanSquareNorm Norm(TensorMemory memory, Tensor x, Tensor weight, float epsilon) => new()
    {
        Rows = checked((int)x.size(0)),
        Width = checked((int)x.size(1)),
        Epsilon = epsilon,
        X = memory.Floats(x),
        Weights = memory.Floats(weight),
    };

    private sealed record Needs(bool X, bool Weight, float Epsilon);
}
