using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>Pushes the load of one layer towards even: by a loss, by a bias on the choice, or not at all. It is told scores and assignments; it never runs an expert.</summary>
public abstract class Balancer : nn.Module
{
    /// <summary>Keeps the name for the state dict and the options.</summary>
    /// <exception cref="ConfigurationException">A setting is out of range.</exception>
    protected Balancer(string name, BalancerOptions options)
        : base(name)
    {
        options.Validate();
        Options = options;
    }

    /// <summary>The sizes and settings the balancer was made with.</summary>
    public BalancerOptions Options { get; }

    /// <summary>Adds the loads [E] of all ranks, for balancers that look beyond the process; null where there is one rank.</summary>
    public Func<Tensor, Tensor>? ReduceLoad { get; set; }

    /// <summary>What is added to the preference [T, E] before the choice, [E] without gradient, or null for nothing, where nothing else is known of the tokens.</summary>
    public Tensor? ChoiceBias(Tensor preference) => ChoiceBias(preference, RoutingContext.None);

    /// <summary>What is added to the preference [T, E] before the choice, [E] without gradient, or null for nothing. In training it may look at the whole batch and update its state; in inference it is constant.</summary>
    public virtual Tensor? ChoiceBias(Tensor preference, RoutingContext context) => null;

    /// <summary>Factor on the bias of the choice and on the loss, in a layer: 1 unless balance is to give way to something else.</summary>
    public double Strength { get; set; } = 1;

    /// <summary><see cref="ChoiceBias(Tensor, RoutingContext)"/> multiplied by <see cref="Strength"/>: what a layer adds.</summary>
    public Tensor? WeighedBias(Tensor preference, RoutingContext context) =>
        ChoiceBias(preference, context) is not { } bias ? null : Strength == 1 ? bias : bias * Held(Strength);

    /// <summary>Multiplies the bias of inference by a factor for good, in the state.</summary>
    public virtual void Weaken(double factor)
    {
    }

    /// <summary>The balancing losses of the layer, each already multiplied by its coefficient; empty for none. Called in training only.</summary>
    public virtual IReadOnlyList<LossTerm> Losses(BalanceInput input) => [];

    /// <summary>The sum of <see cref="Losses"/>, a scalar, or null for none.</summary>
    public Tensor? Loss(BalanceInput input) => LossTerm.Sum(Losses(input));

    /// <summary><see cref="Losses"/> multiplied by <see cref="Strength"/>: what a layer adds.</summary>
    public IReadOnlyList<LossTerm> WeighedLosses(BalanceInput input)
    {
        IReadOnlyList<LossTerm> losses = Losses(input);
        return Strength == 1 ? losses : [.. losses.Select(l => l with { Value = l.Value * Held(Strength) })];
    }

    /// <summary>Sets the state to what evens the choice among these preferences [T, E], as where a router is put into a model whose text is at hand; without a choice bias it does nothing.</summary>
    public virtual void Start(Tensor preference)
    {
    }

    /// <summary>Whether passes in training whose weights do not change make the bias of inference better: see <see cref="Settle"/>.</summary>
    public virtual bool Settles => false;

    /// <summary>Begins or ends passes in training between which the router stays as it is, so that all of them count alike; what was before them is forgotten in the bias of inference.</summary>
    /// <param name="on">Whether they begin.</param>
    public virtual void Settle(bool on)
    {
    }

    /// <summary>Sees the loads of one forward pass in training, [E] int64 pairs an expert (before any drop); several calls may belong to one step (gradient accumulation).</summary>
    public virtual void Observe(Tensor load)
    {
    }

    /// <summary>Called once after each optimizer step.</summary>
    public virtual void AfterStep()
    {
    }

    /// <summary>Called instead where the optimizer's step was skipped: what its passes have shown is forgotten.</summary>
    public virtual void DropStep()
    {
    }

    /// <summary>A registered buffer, on whatever device the module is now.</summary>
    protected Tensor State(string name) => get_buffer(name) ?? throw new InvalidOperationException($"no buffer '{name}'");

    /// <summary>The load summed over ranks.</summary>
    protected Tensor OverRanks(Tensor load) => ReduceLoad is null ? load : ReduceLoad(load);
}
