namespace Switchyard.Training.Results;

/// <summary>The routing of one MoE layer on text.</summary>
public record LayerResult
{
    /// <summary>Index of the layer in the model.</summary>
    public int Layer { get; init; }

    /// <summary>Pairs sent to each expert before any drop, [E].</summary>
    public required IReadOnlyList<long> Load { get; init; }

    /// <summary>Sum of combine weights of each expert, [E].</summary>
    public required IReadOnlyList<double> SoftLoad { get; init; }

    /// <summary>Pairs by domain, [domains][E], domains as in the corpus.</summary>
    public required IReadOnlyList<IReadOnlyList<long>> DomainLoad { get; init; }

    /// <summary>Gini coefficient of the load.</summary>
    public double Gini { get; init; }

    /// <summary>Least over most used expert.</summary>
    public double MinMax { get; init; }

    /// <summary>Coefficient of variation.</summary>
    public double Cv { get; init; }

    /// <summary>max/mean − 1.</summary>
    public double MaxVio { get; init; }

    /// <summary>Entropy of the load ÷ ln E.</summary>
    public double LoadEntropy { get; init; }

    /// <summary>Mean entropy of a token's softmax over experts, nats.</summary>
    public double RoutingEntropy { get; init; }

    /// <summary>Share of experts used at all.</summary>
    public double Utilisation { get; init; }

    /// <summary>Gini of the soft load.</summary>
    public double SoftGini { get; init; }

    /// <summary>Mutual information of domain and expert, nats.</summary>
    public double SpecialisationNats { get; init; }

    /// <summary>Mutual information ÷ entropy of the domain.</summary>
    public double Specialisation { get; init; }

    /// <summary>Mean gap between the k-th and the k+1-th score.</summary>
    public double Margin { get; init; }
}
