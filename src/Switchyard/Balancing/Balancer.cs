using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>Pushes the load of one layer towards even: by a loss, by a bias on the choice, or not at all. It is told scores and assignments; it never runs an expert.</summary>
public abstract class Balancer : nn.Module
{
    /// <summary>Keeps the name for the state dict and the options.</summary>
    protected Balancer(string name, BalancerOptions options)
        : base(name) => Options = options;

    /// <summary>The sizes and settings the balancer was made with.</summary>
    public BalancerOptions Options { get; }

    /// <summary>What is added to the preference [T, E] before the choice, [E] without gradient, or null for nothing. In training it may look at the whole batch and update its state; in inference it is constant.</summary>
    public virtual Tensor? ChoiceBias(Tensor preference) => null;

    /// <summary>The balancing loss of the layer, a scalar already multiplied by its coefficient, or null for none. Called in training only.</summary>
    public virtual Tensor? Loss(BalanceInput input) => null;

    /// <summary>Sees the loads of one forward pass in training, [E] int64 pairs an expert (before any drop); several calls may belong to one step (gradient accumulation).</summary>
    public virtual void Observe(Tensor load)
    {
    }

    /// <summary>Called once after each optimizer step.</summary>
    public virtual void AfterStep()
    {
    }
}
