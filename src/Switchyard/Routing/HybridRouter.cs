using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>S = α·S_linear + (1 − α)·S_attention with a learned mixture α = sigmoid(a), a = 0 at first.</summary>
/// <remarks>Parameters of <see cref="LinearRouter"/> and <see cref="AttentionRouter"/> and the scalar <c>a</c> [1]: E·d + r·d + E·r + 1 (+ E with a bias). Source: Harvey, Weale and Yilmaz 2025, arXiv 2506.16419.</remarks>
public sealed class HybridRouter : Router
{
    /// <summary>Makes the router with the initial weights of its two parts.</summary>
    public HybridRouter(RouterOptions options)
        : base("hybrid", options)
    {
        LinearRouter.AddTo(this, options);
        AttentionRouter.AddTo(this, options);
        this.AddConstant("a", 0, 1);
    }

    /// <inheritdoc/>
    public override RouterOutput Score(Tensor x, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        Tensor input = InRouterPrecision(x);
        Tensor share = this.In("a", input.dtype).sigmoid();
        Tensor attention = AttentionRouter.Scores(this, input);
        Tensor scores = attention + (share * (LinearRouter.Scores(this, input) - attention));
        return new RouterOutput(scores.MoveToOuterDisposeScope());
    }
}
