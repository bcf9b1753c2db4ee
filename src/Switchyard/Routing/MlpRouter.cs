using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>S = W_2·GELU(W_1·x + b_1) + b_2 with a hidden layer of width m: boundaries between experts need not be planes.</summary>
/// <remarks>Parameters <c>W_1</c> [m, d], <c>b_1</c> [m], <c>W_2</c> [E, m], <c>b_2</c> [E]: m·d + m + E·m + E. GELU is the exact form, with erf. Source: Harvey, Weale and Yilmaz 2025, arXiv 2506.16419.</remarks>
public sealed class MlpRouter : Router
{
    /// <summary>Makes the router with normal initial weights (hidden units of unit variance) and biases of 0.</summary>
    public MlpRouter(RouterOptions options)
        : base("mlp", options)
    {
        int d = options.HiddenSize;
        int m = options.HiddenWidth;
        this.AddNormal("W_1", 1 / Math.Sqrt(d), m, d);
        this.AddConstant("b_1", 0, m);
        this.AddNormal("W_2", RouterParameters.WeightDeviation * Math.Sqrt(d / (m * RouterParameters.SecondMomentOfGelu)), options.Experts, m);
        this.AddConstant("b_2", 0, options.Experts);
    }

    /// <inheritdoc/>
    public override RouterOutput Score(Tensor x, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        Tensor input = InRouterPrecision(x);
        ScalarType type = input.dtype;
        Tensor hidden = nn.functional.gelu(DenseOperations.Linear(input, this.In("W_1", type), this.In("b_1", type)));
        Tensor scores = DenseOperations.Linear(hidden, this.In("W_2", type), this.In("b_2", type));
        return new RouterOutput(scores.MoveToOuterDisposeScope());
    }
}
