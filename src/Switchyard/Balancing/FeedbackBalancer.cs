using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>Load-aware adjustment: choice by S_te − λ·(l_e − 1), with l the moving average over steps of load ÷ mean load; λ = 0.1 and decay 0.9 unless given. Without gradient.</summary>
/// <remarks>l is the buffer <c>relative_load</c> [E]; it starts even. The push is proportional, so a steady imbalance remains that just holds the adjustment in place.</remarks>
public sealed class FeedbackBalancer : StepLoadBalancer
{
    /// <summary>The default λ.</summary>
    public const double DefaultCoefficient = 0.1;

    /// <summary>The default decay a step.</summary>
    public const double DefaultDecay = 0.9;

    /// <summary>Makes the balancer with an even average.</summary>
    public FeedbackBalancer(BalancerOptions options)
        : base(nameof(FeedbackBalancer), options)
    {
        register_buffer("relative_load", ones(options.Experts));
    }

    /// <summary>l [E], 1 where even.</summary>
    public Tensor RelativeLoad => State("relative_load");

    /// <inheritdoc/>
    public override void Weaken(double factor)
    {
        using var quiet = no_grad();
        RelativeLoad.sub_(Held(1)).mul_(Held(factor)).add_(Held(1));
    }

    /// <inheritdoc/>
    public override Tensor? ChoiceBias(Tensor preference, RoutingContext context) => (Held(1) - RelativeLoad) * Held(Options.Coefficient ?? DefaultCoefficient);

    /// <inheritdoc/>
    public override void AfterStep()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor step = StepLoad;
        Tensor load = OverRanks(step).to(RelativeLoad.dtype);
        Tensor relative = load / load.mean().clamp_min(Held(1e-12));
        if (load.sum().item<float>() > 0)
        {
            double decay = Options.Decay ?? DefaultDecay;
            RelativeLoad.mul_(Held(decay)).add_(relative, alpha: Held(1 - decay));
        }

        step.zero_();
    }
}
