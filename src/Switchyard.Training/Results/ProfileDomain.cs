namespace Switchyard.Training.Results;

/// <summary>The profile of one domain of a text.</summary>
public sealed record ProfileDomain
{
    /// <summary>Its name: a file or folder, or what JSON Lines say.</summary>
    public required string Name { get; init; }

    /// <summary>Documents read.</summary>
    public long Documents { get; init; }

    /// <summary>Tokens counted.</summary>
    public long Tokens { get; init; }

    /// <summary>Targets scored.</summary>
    public long Targets { get; init; }

    /// <summary>Mean of −ln p over the targets, nats.</summary>
    public double Loss { get; init; }

    /// <summary>exp(loss).</summary>
    public double Perplexity { get; init; }

    /// <summary>Its routing by layer; <c>domainLoad</c> is empty here.</summary>
    public required IReadOnlyList<ProfileLayer> Layers { get; init; }

    /// <summary>Metrics of the order of choices, over the domain's own first tokens.</summary>
    public required OrderResult Order { get; init; }
}
