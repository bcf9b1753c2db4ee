namespace Switchyard.Training.Results;

/// <summary>One row of a comparison. All load figures are of the held-out text, in inference, unless the name says otherwise.</summary>
public sealed record CompareRow
{
    /// <summary>Name of the row, such as <c>linear+bias</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Router.</summary>
    public required string Router { get; init; }

    /// <summary>Selector.</summary>
    public required string Selector { get; init; }

    /// <summary>Balancer.</summary>
    public required string Balance { get; init; }

    /// <summary>Capacity factor in training; null where dropless.</summary>
    public double? CapacityFactor { get; init; }

    /// <summary>Parameters of all routers.</summary>
    public long RouterParameters { get; init; }

    /// <summary>Parameters of the model.</summary>
    public long TotalParameters { get; init; }

    /// <summary>Parameters that one token uses.</summary>
    public long ActiveParameters { get; init; }

    /// <summary>Steps done.</summary>
    public int Steps { get; init; }

    /// <summary>Tokens trained on.</summary>
    public long Tokens { get; init; }

    /// <summary>Steps skipped because of a non-finite loss or gradient.</summary>
    public int SkippedSteps { get; init; }

    /// <summary>Training loss, nats a token, mean over the last tenth of the steps.</summary>
    public double TrainLoss { get; init; }

    /// <summary>Held-out loss, nats a token.</summary>
    public double TestLoss { get; init; }

    /// <summary>Held-out loss, nats a UTF-8 byte: compares runs of different vocabularies. Null where it was not measured.</summary>
    public double? TestLossPerByte { get; init; }

    /// <summary>exp(test loss).</summary>
    public double Perplexity { get; init; }

    /// <summary>Gini coefficient of the load, mean over layers.</summary>
    public double Gini { get; init; }

    /// <summary>Gini of the worst layer.</summary>
    public double GiniWorstLayer { get; init; }

    /// <summary>Mean over held-out batches of the batch's own Gini, mean over layers.</summary>
    public double GiniPerBatch { get; init; }

    /// <summary>Least over most used expert, mean over layers.</summary>
    public double MinMax { get; init; }

    /// <summary>Coefficient of variation of the load.</summary>
    public double Cv { get; init; }

    /// <summary>max/mean − 1.</summary>
    public double MaxVio { get; init; }

    /// <summary>Entropy of the load ÷ ln E.</summary>
    public double LoadEntropy { get; init; }

    /// <summary>Mean entropy of a token's softmax over experts, nats.</summary>
    public double RoutingEntropy { get; init; }

    /// <summary>Share of experts used at all.</summary>
    public double Utilisation { get; init; }

    /// <summary>Dropped pairs ÷ pairs.</summary>
    public double DropRate { get; init; }

    /// <summary>Mutual information of domain and expert ÷ entropy of the domain, mean over layers.</summary>
    public double Specialisation { get; init; }

    /// <summary>Training speed.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Time of router, selector and plan for one token of one layer, in microseconds, in inference.</summary>
    public double RouterMicrosecondsPerToken { get; init; }

    /// <summary>Wall time of the row.</summary>
    public double Seconds { get; init; }

    /// <summary>Standard deviation over seeds of the figure named by the key (<c>testLoss</c>, <c>gini</c>, <c>minMax</c> …); empty with one seed.</summary>
    public IReadOnlyDictionary<string, double> Deviation { get; init; } = new Dictionary<string, double>();

    /// <summary>Each MoE layer.</summary>
    public required IReadOnlyList<LayerResult> Layers { get; init; }

    /// <summary>Which experts share tokens in the layer whose load is the least even; null where a token has one expert, or it was not measured.</summary>
    public CoActivationResult? CoActivation { get; init; }

    /// <summary>What happened over training.</summary>
    public required IReadOnlyList<HistoryPoint> History { get; init; }
}
