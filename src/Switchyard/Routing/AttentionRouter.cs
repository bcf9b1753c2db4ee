using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>q = X·W_qᵀ, S = q·Kᵀ/√r with learned keys K [E, r]: dot-product attention of a token over the experts, before its softmax.</summary>
/// <remarks>
/// With h heads, q and K are split into h parts of r/h, each head scores q_i·K_iᵀ/√(r/h), and the scores are averaged. Averaging makes the sum over heads one product over all r, so that S = q·Kᵀ/√(h·r): heads change the scale of the scores and nothing else.
/// <para>Parameters <c>W_q</c> [r, d] and <c>K</c> [E, r]: r·d + E·r. Source: Harvey, Weale and Yilmaz 2025, arXiv 2506.16419.</para>
/// </remarks>
public sealed class AttentionRouter : Router
{
    /// <summary>Makes the router with initial W_q from N(0, 0.02²) and keys from N(0, 1) scaled for the heads.</summary>
    public AttentionRouter(RouterOptions options)
        : base("attention", options) => AddTo(this, options);

    /// <inheritdoc/>
    public override RouterOutput Score(Tensor x, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        return new RouterOutput(Scores(this, InRouterPrecision(x)).MoveToOuterDisposeScope());
    }

    internal static void AddTo(Router router, RouterOptions options)
    {
        router.AddNormal("W_q", RouterParameters.WeightDeviation, options.KeySize, options.HiddenSize);
        router.AddNormal("K", Math.Sqrt(options.Heads), options.Experts, options.KeySize);
    }

    internal static Tensor Scores(Router router, Tensor x)
    {
        double scale = 1 / Math.Sqrt((double)router.Options.Heads * router.Options.KeySize);
        Tensor keys = router.In("K", x.dtype) * Held(scale); // [E, r]: cheaper to scale than the scores
        return DenseOperations.Linear(DenseOperations.Linear(x, router.In("W_q", x.dtype)), keys);
    }
}
