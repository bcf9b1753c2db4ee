using Switchyard.Metrics;

namespace Switchyard.Training.Results;

/// <summary>One router in a model. Loss, load and scores are of the text that all rows are judged by, in inference; where there are several MoE layers, their mean.</summary>
public sealed record CharacterizeRow
{
    /// <summary>Name of the row that is the model as it was.</summary>
    public const string Original = "original";

    /// <summary>Name of the row: <see cref="Original"/>, or the recipe.</summary>
    public required string Name { get; init; }

    /// <summary>Router.</summary>
    public required string Router { get; init; }

    /// <summary>Selector.</summary>
    public required string Selector { get; init; }

    /// <summary>Balancers.</summary>
    public required string Balance { get; init; }

    /// <summary>Parameters of router and selector of one layer.</summary>
    public long LayerRouterParameters { get; init; }

    /// <summary>Parameters of all routers and selectors.</summary>
    public long RouterParameters { get; init; }

    /// <summary>Time of router and selector for several numbers of tokens at once.</summary>
    public required IReadOnlyList<RouterLatency> Latency { get; init; }

    /// <summary>Loss with the weights that the routers were made with, nats a token: before any fitting or training.</summary>
    public double LossUntrained { get; init; }

    /// <summary>Loss where training began: after the routers were fitted to the old ones, if they were.</summary>
    public double LossAtStart { get; init; }

    /// <summary>Loss after the budget of fine-tuning.</summary>
    public double Loss { get; init; }

    /// <summary>exp(loss).</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Gini coefficient of the load.</summary>
    public double Gini { get; init; }

    /// <summary>Of the least even layer.</summary>
    public double GiniWorstLayer { get; init; }

    /// <summary>Index of that layer.</summary>
    public int WorstLayer { get; init; }

    /// <summary>Least over most used expert.</summary>
    public double MinMax { get; init; }

    /// <summary>Entropy of the load ÷ ln E.</summary>
    public double LoadEntropy { get; init; }

    /// <summary>Share of experts used at all.</summary>
    public double Utilisation { get; init; }

    /// <summary>Mean entropy of a token's softmax over experts, nats.</summary>
    public double RoutingEntropy { get; init; }

    /// <summary>How far the scores leave experts out.</summary>
    public required ScoreSparsity Sparsity { get; init; }

    /// <summary>Of the experts that the original chose, the share that is chosen too, where training began: on held-out documents of the training text, given the original's hidden states.</summary>
    public double AgreementAtStart { get; init; }

    /// <summary>The same at the end.</summary>
    public double Agreement { get; init; }

    /// <summary>Steps of training.</summary>
    public int Steps { get; init; }

    /// <summary>Time of a step, median over the logged ones; NaN without any.</summary>
    public double SecondsPerStep { get; init; }

    /// <summary>Wall time of the row.</summary>
    public double Seconds { get; init; }

    /// <summary>The MoE layers, as in a profile, without the order of choices.</summary>
    public required IReadOnlyList<ProfileLayer> Layers { get; init; }

    /// <summary>Sparsity of each of them.</summary>
    public required IReadOnlyList<ScoreSparsity> LayerSparsity { get; init; }
}
