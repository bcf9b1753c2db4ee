using Switchyard.Metrics;

namespace Switchyard.Training.Results;

/// <summary>The metrics of the order of choices, over the first tokens of a text.</summary>
public sealed record OrderResult
{
    /// <summary>The tokens that they were taken from: the first of the text.</summary>
    public int Tokens { get; init; }

    /// <summary>Share of a token's experts that the token before it used as well.</summary>
    public Locality Locality { get; init; }

    /// <summary>Distinct experts of a layer that runs of tokens touch.</summary>
    public required IReadOnlyList<WorkingSet> WorkingSet { get; init; }

    /// <summary>Share of the traffic on the hottest slots.</summary>
    public required IReadOnlyList<Coverage> Coverage { get; init; }

    /// <summary>Hit rates of an expert cache.</summary>
    public required CacheResult CacheCurve { get; init; }
}
