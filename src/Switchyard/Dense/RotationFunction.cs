using Switchyard.Experts;
using Switchyard.Kernels.Positions;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>Rotary embedding by our kernels as one node of the autograd graph, on tensor memory.</summary>
internal sealed unsafe class RotationFunction : autograd.SingleTensorFunction<RotationFunction>
{
    public override string Name => nameof(RotationFunction);

    public static Tensor Run(Tensor x, Tensor cosines, Tensor sines)
    {
        using var scope = NewDisposeScope();
        Tensor heads = x.contiguous();
        Tensor y = is_grad_enabled() && x.requires_grad ? apply(heads, cosines, sines) : Turn(heads, cosines, sines, back: false);
        return y.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor cosines, Tensor sines) = ((Tensor)vars[1], (Tensor)vars[2]);
        ctx.save_for_backward([cosines, sines]);
        return Turn((Tensor)vars[0], cosines, sines, back: false);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        List<Tensor> saved = ctx.get_saved_variables();
        return GraphNode.Return(Turn(grad_output.contiguous(), saved[0], saved[1], back: true), null, null);
    }

    private static Tensor Turn(Tensor x, Tensor cosines, Tensor sines, bool back)
    {
        Tensor y = empty_like(x);
        using TensorMemory memory = new();
        RotaryRotation rotation = new()
        {
            Tokens = checked((int)(x.size(0) * x.size(1))),
            Heads = checked((int)x.size(2)),
            HeadSize = checked((int)x.size(3)),
            Positions = checked((int)x.size(1)),
            Cosines = memory.Floats(cosines),
            Sines = memory.Floats(sines),
        };
        rotation.Run(KernelEngines.Current, memory.Floats(x), memory.Floats(y), back);
        return y;
    }
}
