using Switchyard.Balancing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>Turns hidden states x [T, d] into scores S [T, E]. It knows nothing of top-k, capacity or experts.</summary>
/// <remarks>Router arithmetic is fp32 whatever the weights are stored in (double stays double).</remarks>
public abstract class Router : nn.Module<Tensor, Tensor>
{
    /// <summary>Keeps the name for the state dict and the options.</summary>
    protected Router(string name, RouterOptions options)
        : base(name) => Options = options;

    /// <summary>The sizes and settings the router was made with.</summary>
    public RouterOptions Options { get; }

    /// <summary>Scores of hidden states x [T, d] without any other knowledge of the tokens.</summary>
    public override Tensor forward(Tensor input) => Score(input, RoutingContext.None).Scores;

    /// <summary>Scores of hidden states.</summary>
    /// <param name="x">Hidden states [T, d].</param>
    /// <param name="context">What else is known of the tokens.</param>
    public abstract RouterOutput Score(Tensor x, RoutingContext context);

    /// <summary>The router's own regularisation, each term already multiplied by its coefficient; empty where it has none.</summary>
    /// <param name="output">What <see cref="Score"/> returned for the same tokens.</param>
    /// <param name="assignment">What was chosen from it.</param>
    /// <param name="context">The context given to <see cref="Score"/>.</param>
    public virtual IReadOnlyList<LossTerm> Losses(RouterOutput output, Assignment assignment, RoutingContext context) => [];

    /// <summary>The sum of <see cref="Losses"/>, a scalar, or null where there are none.</summary>
    /// <param name="output">What <see cref="Score"/> returned for the same tokens.</param>
    /// <param name="assignment">What was chosen from it.</param>
    /// <param name="context">The context given to <see cref="Score"/>.</param>
    public Tensor? Loss(RouterOutput output, Assignment assignment, RoutingContext context) => LossTerm.Sum(Losses(output, assignment, context));

    /// <summary>Called once after each optimizer step, for state that is not learned by gradient.</summary>
    public virtual void AfterStep()
    {
    }

    /// <summary>Called instead where the optimizer's step was skipped: what its passes have shown is forgotten.</summary>
    public virtual void DropStep()
    {
    }

    /// <summary>The input in the type that router arithmetic uses: double stays, everything else becomes fp32.</summary>
    protected static Tensor InRouterPrecision(Tensor x) => x.dtype == ScalarType.Float64 ? x : x.to(ScalarType.Float32);
}
