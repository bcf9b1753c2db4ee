using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>S = X·W_gᵀ (+ b): one row of weights an expert, the router of most published MoE models.</summary>
/// <remarks>Parameters <c>W_g</c> [E, d] and, with <see cref="RouterOptions.Bias"/>, <c>b</c> [E]: E·d (+ E). Source: Shazeer et al. 2017, arXiv 1701.06538, section 2.1, without its noise.</remarks>
public sealed class LinearRouter : Router
{
    /// <summary>Makes the router with initial weights from N(0, 0.02²) and a bias of 0.</summary>
    public LinearRouter(RouterOptions options)
        : base("linear", options) => AddTo(this, options);

    /// <inheritdoc/>
    public override RouterOutput Score(Tensor x, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        return new RouterOutput(Scores(this, InRouterPrecision(x)).MoveToOuterDisposeScope());
    }

    internal static void AddTo(Router router, RouterOptions options)
    {
        router.AddNormal("W_g", RouterParameters.WeightDeviation, options.Experts, options.HiddenSize);
        if (options.Bias)
        {
            router.AddConstant("b", 0, options.Experts);
        }
    }

    internal static Tensor Scores(Router router, Tensor x) =>
        DenseOperations.Linear(x, router.In("W_g", x.dtype), router.Options.Bias ? router.In("b", x.dtype) : null);
}
