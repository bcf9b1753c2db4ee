using Switchyard.Metrics;
using Switchyard.Models;

namespace Switchyard.Training.Pruning;

/// <summary>A model's loss and balance on text, and its size.</summary>
public sealed record PruneFigures
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

    /// <summary>Bytes of the routed experts.</summary>
    public long ExpertBytes { get; init; }

    /// <summary>All parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters that one token uses.</summary>
    public required long ActiveParameters { get; init; }

    internal static PruneFigures Of(MoeTransformer model, double loss, IReadOnlyList<LayerStatistics> layers) => new()
    {
        Loss = loss,
        Gini = layers.Average(l => l.Balance.Gini),
        GiniWorstLayer = layers.Max(l => l.Balance.Gini),
        MinMax = layers.Average(l => l.Balance.MinMax),
        Parameters = model.TotalParameters,
        ActiveParameters = model.ActiveParameters,
    };
}
