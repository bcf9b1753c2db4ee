using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>h = GELU(W_1·x + b_1) ⊙ (W_2·x + b_2), S = W_3·h + b_3: an MLP whose hidden units are products of two projections, so that scores can depend on pairs of features.</summary>
/// <remarks>
/// Parameters <c>W_1</c>, <c>W_2</c> [m, d], <c>b_1</c>, <c>b_2</c> [m], <c>W_3</c> [E, m], <c>b_3</c> [E]: 2·m·d + 2·m + E·m + E. GELU is the exact form, with erf.
/// <para>Named after the MLP-Hadamard router of Harvey, Weale and Yilmaz 2025, arXiv 2506.16419, whose formula is not in its abstract and tables; this gated form is ours.</para>
/// </remarks>
public sealed class MlpHadamardRouter : Router
{
    /// <summary>Makes the router with normal initial weights (projections of unit variance) and biases of 0.</summary>
    public MlpHadamardRouter(RouterOptions options)
        : base("mlp-hadamard", options)
    {
        int d = options.HiddenSize;
        int m = options.HiddenWidth;
        this.AddNormal("W_1", 1 / Math.Sqrt(d), m, d);
        this.AddConstant("b_1", 0, m);
        this.AddNormal("W_2", 1 / Math.Sqrt(d), m, d);
        this.AddConstant("b_2", 0, m);
        this.AddNormal("W_3", RouterParameters.WeightDeviation * Math.Sqrt(d / (m * RouterParameters.SecondMomentOfGelu)), options.Experts, m);
        this.AddConstant("b_3", 0, options.Experts);
    }

    /// <inheritdoc/>
    public override RouterOutput Score(Tensor x, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        Tensor input = InRouterPrecision(x);
        ScalarType type = input.dtype;
        Tensor gate = nn.functional.gelu(DenseOperations.Linear(input, this.In("W_1", type), this.In("b_1", type)));
        Tensor value = DenseOperations.Linear(input, this.In("W_2", type), this.In("b_2", type));
        Tensor scores = DenseOperations.Linear(gate * value, this.In("W_3", type), this.In("b_3", type));
        return new RouterOutput(scores.MoveToOuterDisposeScope());
    }
}
