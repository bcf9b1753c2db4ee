using Switchyard.Balancing.Losses;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>α·E·Σ_e f_e·P_e (<see cref="SwitchLoss"/>), α = 0.01 unless given, over the batch, each sequence, or the whole step.</summary>
/// <remarks>In scope <see cref="BalanceScope.Global"/> f counts the micro-batches of the step so far, and all ranks through <see cref="Balancer.ReduceLoad"/>; the last micro-batch sees them all. The count is no part of the state dict: it lives for one step.</remarks>
public sealed class SwitchBalancer : Balancer
{
    /// <summary>The default α.</summary>
    public const double DefaultCoefficient = 0.01;

    /// <summary>Makes the balancer.</summary>
    /// <exception cref="ConfigurationException">The scope is not one that this loss knows, or does not go with the convention.</exception>
    public SwitchBalancer(BalancerOptions options)
        : base(nameof(SwitchBalancer), options)
    {
        if (options.Scope == BalanceScope.SequencePrefix)
        {
            throw new ConfigurationException("balancer 'switch' has the scopes batch, sequence and global; sequence-prefix belongs to 'dual'");
        }

        if (options.Convention == BalanceConvention.Huggingface && options.Scope != BalanceScope.Batch)
        {
            throw new ConfigurationException("the huggingface convention of 'switch' counts one batch; leave its scope at batch");
        }

        register_buffer("step_load", zeros(options.Experts, ScalarType.Int64), persistent: false);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(BalanceInput input)
    {
        Tensor? mask = input.Context.TokenMask;
        Tensor loss = Options.Scope switch
        {
            BalanceScope.Sequence => SwitchLoss.OfSequences(input.Scores, input.Assignment.Experts, input.Context.SequenceLength, mask),
            BalanceScope.Global => SwitchLoss.OfLoad(input.Scores, LoadOfStep(input), mask),
            _ => SwitchLoss.OfBatch(input.Scores, input.Assignment.Experts, mask, Options.Convention),
        };
        return [new("switch", loss * Held(Options.Coefficient ?? DefaultCoefficient))];
    }

    /// <inheritdoc/>
    public override void AfterStep()
    {
        using var quiet = no_grad();
        State("step_load").zero_();
    }

    /// <inheritdoc/>
    public override void DropStep() => AfterStep();

    private Tensor LoadOfStep(BalanceInput input)
    {
        using var quiet = no_grad();
        Tensor step = State("step_load");
        step.add_(ExpertLoad.Count(input.Assignment.Experts, Options.Experts, input.Context.TokenMask));
        return OverRanks(step.clone());
    }
}
