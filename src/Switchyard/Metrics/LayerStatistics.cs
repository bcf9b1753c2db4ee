namespace Switchyard.Metrics;

/// <summary>What a <see cref="LoadRecorder"/> found of one MoE layer. A figure is null where it was not recorded.</summary>
public sealed record LayerStatistics
{
    /// <summary>Index of the layer in the model.</summary>
    public required int Layer { get; init; }

    /// <summary>Tokens seen, padding excluded.</summary>
    public required long Tokens { get; init; }

    /// <summary>Batches (forward passes) seen.</summary>
    public required long Batches { get; init; }

    /// <summary>Pairs sent to each expert before any drop, [E].</summary>
    public required IReadOnlyList<long> Load { get; init; }

    /// <summary>Measures of <see cref="Load"/>.</summary>
    public required LoadStatistics Balance { get; init; }

    /// <summary>Pairs dropped by the capacity policy.</summary>
    public required long DroppedPairs { get; init; }

    /// <summary>Sum of combine weights of each expert, [E].</summary>
    public IReadOnlyList<double>? SoftLoad { get; init; }

    /// <summary>Pairs by domain, [domains][E]. Tokens of no domain are not in it.</summary>
    public IReadOnlyList<IReadOnlyList<long>>? DomainLoad { get; init; }

    /// <summary>Tokens that two experts share, [E][E], symmetric, 0 on the diagonal.</summary>
    public IReadOnlyList<IReadOnlyList<long>>? CoActivation { get; init; }

    /// <summary>Mean over batches of the batch's own Gini.</summary>
    public double? GiniPerBatch { get; init; }

    /// <summary>Mean over batches of the batch's own min-max ratio.</summary>
    public double? MinMaxPerBatch { get; init; }

    /// <summary>Mean entropy of a token's softmax over experts, nats.</summary>
    public double? RoutingEntropy { get; init; }

    /// <summary>Mean gap between the k-th and the k+1-th score.</summary>
    public double? Margin { get; init; }

    /// <summary>Pairs sent before any drop.</summary>
    public long Pairs => Load.Sum();

    /// <summary>Dropped pairs ÷ pairs.</summary>
    public double DropRate => Pairs == 0 ? 0 : (double)DroppedPairs / Pairs;

    /// <summary>Routing entropy ÷ ln E; 0 for one expert.</summary>
    public double? RoutingEntropyNormalised => Load.Count == 1 ? RoutingEntropy : RoutingEntropy / Math.Log(Load.Count);

    /// <summary>Gini of the soft load.</summary>
    public double? SoftGini => SoftLoad is null ? null : LoadMetrics.Gini([.. SoftLoad]);

    /// <summary>Mutual information of domain and expert.</summary>
    public Specialisation? Specialisation => DomainLoad is null ? null : Metrics.Specialisation.Of(DomainLoad);
}
