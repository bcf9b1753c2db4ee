using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>The frame of balancers that look at the load of a whole step: the passes of a step add up in a buffer that is no part of the state dict, for it lives for one step.</summary>
public abstract class StepLoadBalancer : Balancer
{
    private protected StepLoadBalancer(string name, BalancerOptions options)
        : base(name, options) => this.AddBuffer("step_load", zeros(options.Experts, ScalarType.Int64), persistent: false);

    /// <summary>Pairs of each expert in the step so far, [E] int64.</summary>
    private protected Tensor StepLoad => State("step_load");

    /// <inheritdoc/>
    public override void Observe(Tensor load)
    {
        using var quiet = no_grad();
        StepLoad.add_(load);
    }

    /// <inheritdoc/>
    public override void DropStep()
    {
        using var quiet = no_grad();
        StepLoad.zero_();
    }
}
