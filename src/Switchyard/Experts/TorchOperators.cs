using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Operators that libtorch has and TorchSharp does not wrap, reached through TorchScript. None of them is differentiable here: gradients are the business of the callers.</summary>
internal static class TorchOperators
{
    private const string Source = """
        def grouped_product(a: Tensor, b: Tensor, ends: Tensor) -> Tensor:
            return torch._grouped_mm(a, b, offs=ends)

        def bag_sum(rows: Tensor, indices: Tensor, starts: Tensor) -> Tensor:
            return torch.embedding_bag(rows, indices, starts, False, 0, False, None, False)[0]

        def swiglu(a: Tensor) -> Tensor:
            gate, up = torch.chunk(a, 2, 1)
            return torch.silu(gate).mul_(up)

        def swiglu_backward(a: Tensor, g: Tensor, w: Tensor) -> Tuple[Tensor, Tensor]:
            gate, up = torch.chunk(a, 2, 1)
            s = torch.silu(gate)
            dw = torch.mul(s, up).mul_(g).sum(1)
            da = torch.empty_like(a)
            dgate, dup = torch.chunk(da, 2, 1)
            g.mul_(w)
            torch.mul(g, s, out=dup)
            torch.silu_backward(g.mul_(up), gate, grad_input=dgate)
            return da, dw

        def gelu(a: Tensor) -> Tensor:
            return torch.gelu(a)

        def gelu_backward(a: Tensor, g: Tensor, w: Tensor) -> Tuple[Tensor, Tensor]:
            dw = torch.gelu(a).mul_(g).sum(1)
            return torch.gelu_backward(g.mul_(w), a), dw

        def relu(a: Tensor) -> Tensor:
            return torch.relu(a)

        def relu_backward(a: Tensor, g: Tensor, w: Tensor) -> Tuple[Tensor, Tensor]:
            dw = torch.relu(a).mul_(g).sum(1)
            return torch.threshold_backward(g.mul_(w), a, 0), dw


        """;

    private static readonly Lazy<jit.CompilationUnit> Unit = new(() => jit.compile(Source));

    /// <summary>
    /// torch's grouped product. For <paramref name="b"/> [E, i, o]: rows ends[e−1]..ends[e] of <paramref name="a"/> [R, i] times b[e], [R, o].
    /// For <paramref name="b"/> [R, o]: columns ends[e−1]..ends[e] of <paramref name="a"/> [i, R] times the same rows of b, [E, i, o].
    /// </summary>
    public static Tensor GroupedProduct(Tensor a, Tensor b, Tensor ends) => (Tensor)Unit.Value.invoke("grouped_product", a, b, ends)!;

    /// <summary>Row b of the result [B, n] is Σ rows[indices[i]] for i from starts[b] to starts[b + 1] in ascending order, zero for none.</summary>
    /// <param name="rows">[N, n].</param>
    /// <param name="indices">Which rows, bag after bag, int64.</param>
    /// <param name="starts">Where each bag begins in <paramref name="indices"/>, [B] int64.</param>
    public static Tensor BagSum(Tensor rows, Tensor indices, Tensor starts)
    {
        if (indices.numel() == 0)
        {
            return rows.new_zeros(starts.numel(), rows.size(1));
        }

        // Inside a custom function nothing is recorded, but torch chooses the operator by this flag alone: the one that records keeps more than it needs.
        using Tensor plain = rows.detach();
        return (Tensor)Unit.Value.invoke("bag_sum", plain, indices, starts)!;
    }

    /// <summary>h = act(a): [N, f] of [N, 2f] (SwiGLU) or [N, f].</summary>
    public static Tensor Activate(ExpertActivation activation, Tensor a) => (Tensor)Unit.Value.invoke(Name(activation), a)!;

    /// <summary>Gradients of w ⊙ act(a): with respect to a, of its shape, and to w, [N].</summary>
    /// <param name="activation">The non-linearity.</param>
    /// <param name="a">Its input.</param>
    /// <param name="g">Gradient of the result [N, f]; destroyed.</param>
    /// <param name="w">Weights of the rows [N, 1].</param>
    public static (Tensor Input, Tensor Weight) ActivateBackward(ExpertActivation activation, Tensor a, Tensor g, Tensor w)
    {
        var (input, weight) = ((Tensor, Tensor))Unit.Value.invoke(Name(activation) + "_backward", a, g, w)!;
        return (input, weight);
    }

    private static string Name(ExpertActivation activation) => activation switch
    {
        ExpertActivation.SwiGlu => "swiglu",
        ExpertActivation.Gelu => "gelu",
        ExpertActivation.Relu => "relu",
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "no such activation"),
    };
}
