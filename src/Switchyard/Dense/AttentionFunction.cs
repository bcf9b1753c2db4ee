using Switchyard.Experts;
using Switchyard.Kernels.Attention;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>Causal attention by our kernels as one node of the autograd graph, on tensor memory of any strides.</summary>
internal sealed unsafe class AttentionFunction : autograd.SingleTensorFunction<AttentionFunction>
{
    private const string ScaleKey = "scale";

    public override string Name => nameof(AttentionFunction);

    public static Tensor Run(Tensor query, Tensor key, Tensor value, double scale)
    {
        using var scope = NewDisposeScope();
        (Tensor q, Tensor k, Tensor v) = (Dense(query), Dense(key), Dense(value));
        bool records = is_grad_enabled() && (query.requires_grad || key.requires_grad || value.requires_grad);
        Tensor output = records ? apply(q, k, v, (float)scale) : Forward(q, k, v, (float)scale, logSums: null);
        return output.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor q, Tensor k, Tensor v, float scale) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (float)vars[3]);
        Tensor logSums = empty(q.size(0), q.size(2), q.size(1));
        Tensor output = Forward(q, k, v, scale, logSums);
        ctx.save_for_backward([q, k, v, output, logSums]);
        ctx.save_data(ScaleKey, scale);
        return output;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor q, Tensor k, Tensor v, Tensor output, Tensor logSums) = (saved[0], saved[1], saved[2], saved[3], saved[4]);
        Tensor slope = Dense(grad_output);
        (Tensor dq, Tensor dk, Tensor dv) = (empty(q.shape), empty(k.shape), empty(v.shape));
        using TensorMemory memory = new();
        Attention(memory, q, k, v, (float)ctx.get_data(ScaleKey)).Backward(KernelEngines.Current, Heads(memory, output), memory.Floats(logSums), Heads(memory, slope), Heads(memory, dq), Heads(memory, dk), Heads(memory, dv));
        return GraphNode.Return(dq, dk, dv, null);
    }

    private static Tensor Forward(Tensor q, Tensor k, Tensor v, float scale, Tensor? logSums)
    {
        Tensor output = empty(q.size(0), q.size(1), q.size(2), v.size(3));
        using TensorMemory memory = new();
        Attention(memory, q, k, v, scale).Forward(KernelEngines.Current, Heads(memory, output), memory.Floats(logSums));
        return output;
    }

    private static CausalAttention Attention(TensorMemory memory, Tensor q, Tensor k, Tensor v, float scale) => new()
    {
        Batch = checked((int)q.size(0)),
        Tokens = checked((int)q.size(1)),
        Heads = checked((int)q.size(2)),
        KeyHeads = checked((int)k.size(2)),
        HeadSize = checked((int)q.size(3)),
        ValueSize = checked((int)v.size(3)),
        Scale = scale,
        Queries = Heads(memory, q),
        Keys = Heads(memory, k),
        Values = Heads(memory, v),
    };

    /// <summary>The tensor, or a copy where the values of a head are not side by side.</summary>
    private static Tensor Dense(Tensor heads) => heads.size(3) == 1 || heads.stride(3) == 1 ? heads : heads.contiguous();

    private static HeadMemory Heads(TensorMemory memory, Tensor heads) => new(memory.FirstFloat(heads), (int)heads.size(3), heads.stride(0), heads.stride(1), heads.stride(2));
}
