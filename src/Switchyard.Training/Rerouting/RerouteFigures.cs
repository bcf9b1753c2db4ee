namespace Switchyard.Training.Rerouting;

/// <summary>A model's loss and balance on held-out text, in inference.</summary>
public sealed record RerouteFigures
{
    /// <summary>Nats a token.</summary>
    public required double Loss { get; init; }

    /// <summary>exp(loss).</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Gini coefficient of the load, mean over the MoE layers.</summary>
    public required double Gini { get; init; }

    /// <summary>Of the worst layer.</summary>
    public required double GiniWorstLayer { get; init; }

    /// <summary>Least over most used expert, mean over the layers.</summary>
    public required double MinMax { get; init; }

    /// <summary>Entropy of the load ÷ ln E, mean over the layers.</summary>
    public required double LoadEntropy { get; init; }

    /// <summary>Share of experts used at all, mean over the layers.</summary>
    public required double Utilisation { get; init; }

    /// <summary>Parameters of routers and selectors.</summary>
    public required long RouterParameters { get; init; }

    /// <summary>Time of router, selector and plan for one token of one layer, of 2,048 at once; null where it was not measured.</summary>
    public double? RouterMicrosecondsPerToken { get; init; }
}
