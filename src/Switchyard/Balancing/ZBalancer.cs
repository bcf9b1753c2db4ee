using Switchyard.Balancing.Losses;

namespace Switchyard.Balancing;

/// <summary>β·mean_t (logsumexp S_t)² (<see cref="ZLoss"/>), β = 0.001 unless given. It goes with any other balancer: <c>switch+z</c>.</summary>
public sealed class ZBalancer(BalancerOptions options) : Balancer(nameof(ZBalancer), options)
{
    /// <summary>The default β.</summary>
    public const double DefaultCoefficient = 0.001;

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(BalanceInput input) =>
        [new("z", ZLoss.Of(input.Scores, input.Context.TokenMask) * Held(Options.Coefficient ?? DefaultCoefficient))];
}
