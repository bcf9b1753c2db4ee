using Switchyard.Balancing.Losses;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>w·CV²(Σ_t W) + w·CV²(smooth load) (<see cref="ImportanceLoss"/>), w = 0.1 unless given. The second term needs the noise of <c>noisy-topk</c> and is absent with other selectors.</summary>
public sealed class ImportanceBalancer(BalancerOptions options) : Balancer(nameof(ImportanceBalancer), options)
{
    /// <summary>The default w.</summary>
    public const double DefaultCoefficient = 0.1;

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(BalanceInput input)
    {
        Tensor? mask = input.Context.TokenMask;
        LossTerm importance = Term("importance", ImportanceLoss.Importance(input.Assignment, Options.Experts, mask));
        return input.Assignment.Noise is NoisyScores noise
            ? [importance, Term("smooth-load", ImportanceLoss.SmoothLoad(noise, Options.TopK, mask))]
            : [importance];
    }

    private LossTerm Term(string name, Tensor ofExperts) =>
        new(name, ImportanceLoss.SquaredVariation(ofExperts) * Held(Options.Coefficient ?? DefaultCoefficient));
}
