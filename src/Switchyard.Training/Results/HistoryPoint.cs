namespace Switchyard.Training.Results;

/// <summary>One logged step of training.</summary>
public sealed record HistoryPoint
{
    /// <summary>The step, from 1.</summary>
    public int Step { get; init; }

    /// <summary>Tokens seen so far.</summary>
    public long Tokens { get; init; }

    /// <summary>Training loss of the step, nats a token, without auxiliary terms.</summary>
    public double Loss { get; init; }

    /// <summary>Sum of the auxiliary terms.</summary>
    public double AuxiliaryLoss { get; init; }

    /// <summary>The auxiliary terms by name, each times its coefficient, averaged over the MoE layers; empty where there are none.</summary>
    public IReadOnlyDictionary<string, double> AuxiliaryTerms { get; init; } = new Dictionary<string, double>();

    /// <summary>Learning rate.</summary>
    public double LearningRate { get; init; }

    /// <summary>Norm of the gradient before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>Training speed since the last logged step.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Held-out loss, where it was measured at this step.</summary>
    public double? TestLoss { get; init; }

    /// <summary>Gini of the loads of the logging window, by MoE layer.</summary>
    public required IReadOnlyList<double> Gini { get; init; }

    /// <summary>Least over most used expert of the window, by MoE layer.</summary>
    public required IReadOnlyList<double> MinMax { get; init; }

    /// <summary>Dropped pairs of the window.</summary>
    public long Drops { get; init; }

    /// <summary>Share of the window's pairs by expert, [MoE layers][E]: the load over training.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> Load { get; init; }
}
