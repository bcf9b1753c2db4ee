namespace Switchyard.Balancing;

/// <summary>Sizes and settings of a balancer. A null coefficient means the balancer's own default, which its documentation states.</summary>
public sealed record BalancerOptions
{
    /// <summary>Number of experts E.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts a token, k.</summary>
    public required int TopK { get; init; }

    /// <summary>Strength of the balancer (α of <c>switch</c>, w of <c>importance</c>, β of <c>z</c>, u of <c>bias</c>, λ of <c>feedback</c>); null for its default.</summary>
    public double? Coefficient { get; init; }

    /// <summary>Over which tokens <c>switch</c> and <c>dual</c> even the load.</summary>
    public BalanceScope Scope { get; init; } = BalanceScope.Batch;

    /// <summary>How <c>switch</c> counts the load.</summary>
    public BalanceConvention Convention { get; init; } = BalanceConvention.Megablocks;

    /// <summary>Coefficient of the sequence-wise loss that <c>bias</c> may have beside it; 0 for none, 1e-4 in DeepSeek-V3.</summary>
    public double SequenceCoefficient { get; init; }

    /// <summary>Dual ascent sweeps a batch of <c>dual</c>.</summary>
    public int Sweeps { get; init; } = 4;

    /// <summary>Whether <c>dual</c> starts its sweeps from the prices of the batch before; otherwise from 0.</summary>
    public bool WarmStart { get; init; } = true;

    /// <summary>Share of the batches so far that the average of <c>dual</c>'s prices looks back over.</summary>
    public double AverageShare { get; init; } = 0.03;

    /// <summary>Decay a step of the moving averages of <c>dual</c> (in place of <see cref="AverageShare"/>) and <c>feedback</c>; null for the balancer's own default.</summary>
    public double? Decay { get; init; }

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ConfigurationException">A setting is out of range.</exception>
    public void Validate()
    {
        Require(Experts >= 1, $"experts is {Experts}; a layer needs at least one");
        Require(TopK >= 1 && TopK <= Experts, $"topK is {TopK}; with {Experts} experts it lies between 1 and {Experts}");
        Require(Coefficient is null or (>= 0 and < double.PositiveInfinity), $"the coefficient of a balancer is {Coefficient}; it cannot be negative");
        Require(SequenceCoefficient is >= 0 and < double.PositiveInfinity, $"sequenceCoefficient is {SequenceCoefficient}; it cannot be negative");
        Require(Sweeps is >= 1 and <= 1000, $"sweeps is {Sweeps}; it lies between 1 and 1000");
        Require(AverageShare is > 0 and <= 1, $"averageShare is {AverageShare}; it lies in (0, 1]");
        Require(Decay is null or (>= 0 and < 1), $"decay is {Decay}; it lies in [0, 1)");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ConfigurationException(message);
        }
    }
}
