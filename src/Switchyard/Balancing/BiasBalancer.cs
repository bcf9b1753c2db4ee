using Switchyard.Balancing.Losses;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>Loss-free balancing (Wang et al. 2024; DeepSeek-V3): choice by S + b, and after each step b_e += u·sign(mean load − load_e), u = 0.001 unless given. b enters neither the weights nor any gradient.</summary>
/// <remarks>With <see cref="BalancerOptions.SequenceCoefficient"/> the sequence-wise loss of <see cref="SwitchLoss"/> is added. b is the buffer <c>bias</c> [E].</remarks>
public sealed class BiasBalancer : StepLoadBalancer
{
    /// <summary>The default u.</summary>
    public const double DefaultCoefficient = 0.001;

    /// <summary>Makes the balancer with b = 0.</summary>
    public BiasBalancer(BalancerOptions options)
        : base(nameof(BiasBalancer), options)
    {
        register_buffer("bias", zeros(options.Experts));
    }

    /// <summary>b [E].</summary>
    public Tensor Bias => State("bias");

    /// <inheritdoc/>
    public override void Weaken(double factor)
    {
        using var quiet = no_grad();
        Bias.mul_(Held(factor));
    }

    /// <inheritdoc/>
    public override Tensor? ChoiceBias(Tensor preference, RoutingContext context) => Bias;

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(BalanceInput input) =>
        Options.SequenceCoefficient == 0
            ? []
            : [new("sequence", SwitchLoss.OfSequences(input.Scores, input.Assignment.Experts, input.Context.SequenceLength, input.Context.TokenMask) * Held(Options.SequenceCoefficient))];

    /// <inheritdoc/>
    public override void Start(Tensor preference)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Bias.copy_(DualPrices.Solve(preference, Options.TopK, zeros_like(Bias), DualPrices.SweepsFromNothing).neg());
    }

    /// <inheritdoc/>
    public override void AfterStep()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor step = StepLoad;
        Tensor load = OverRanks(step).to(ScalarType.Float64);
        Tensor direction = (load.mean() - load).sign();
        Bias.add_(direction.to(Bias.dtype), alpha: Held(Options.Coefficient ?? DefaultCoefficient));
        step.zero_();
    }
}
