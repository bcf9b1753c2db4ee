using Switchyard.Experts.Caching;
using Switchyard.Metrics;

namespace Switchyard.Training.Results;

/// <summary>What <c>profile</c> found, as written to JSON under the schema <c>switchyard.profile/1</c> and drawn by the report.</summary>
public sealed record ProfileResult
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = ProfileResultJson.Schema;

    /// <summary>When it ended, UTC.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>The machine and software it ran on.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>The model.</summary>
    public required ProfileModel Model { get; init; }

    /// <summary>The text.</summary>
    public required ProfileText Text { get; init; }

    /// <summary>Mean of −ln p over the targets, nats a token.</summary>
    public double Loss { get; init; }

    /// <summary>exp(loss).</summary>
    public double Perplexity { get; init; }

    /// <summary>Targets scored.</summary>
    public long Targets { get; init; }

    /// <summary>Wall time, without loading the model.</summary>
    public double Seconds { get; init; }

    /// <summary>What the cache of experts did; null where experts were mapped without a bound.</summary>
    public ExpertCacheStatistics? ExpertCache { get; init; }

    /// <summary>Every metric of the catalog: mean over the layers, and the worst layer.</summary>
    public required IReadOnlyList<MetricFigure> Figures { get; init; }

    /// <summary>One object a MoE layer, in order.</summary>
    public required IReadOnlyList<ProfileLayer> Layers { get; init; }

    /// <summary>One object a domain, in the order of <see cref="ProfileText.Domains"/>.</summary>
    public required IReadOnlyList<ProfileDomain> Domains { get; init; }

    /// <summary>Which experts share tokens, one object a MoE layer.</summary>
    public required IReadOnlyList<CoActivationResult> CoActivation { get; init; }

    /// <summary>Tokens that the metrics of the order of choices were taken from: the first of the text.</summary>
    public int OrderTokens { get; init; }

    /// <summary>Share of a token's experts that the token before it in its window used as well, mean over layers.</summary>
    public Locality Locality { get; init; }

    /// <summary>Distinct experts of a layer that runs of tokens touch, mean over layers.</summary>
    public required IReadOnlyList<WorkingSet> WorkingSet { get; init; }

    /// <summary>Share of the traffic on the hottest (layer, expert) slots.</summary>
    public required IReadOnlyList<Coverage> Coverage { get; init; }

    /// <summary>Hit rates of one expert cache for all layers.</summary>
    public required CacheResult CacheCurve { get; init; }

    /// <summary>What it means.</summary>
    public required Diagnosis Diagnosis { get; init; }

    /// <summary>The figure of a name; null where the catalog has none of it.</summary>
    public MetricFigure? Figure(string name) => Figures.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.Ordinal));
}
