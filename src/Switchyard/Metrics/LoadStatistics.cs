namespace Switchyard.Metrics;

/// <summary>The measures of <see cref="LoadMetrics"/> of one load.</summary>
public sealed record LoadStatistics
{
    /// <summary>Gini coefficient, 0 (even) to (E − 1)/E (one expert takes all).</summary>
    public double Gini { get; init; }

    /// <summary>Least over most used expert, 1 (even) to 0 (an expert is idle).</summary>
    public double MinMax { get; init; }

    /// <summary>Coefficient of variation, 0 (even) to √(E − 1).</summary>
    public double Cv { get; init; }

    /// <summary>max/mean − 1, 0 (even) to E − 1.</summary>
    public double MaxVio { get; init; }

    /// <summary>Entropy ÷ ln E, 1 (even) to 0.</summary>
    public double LoadEntropy { get; init; }

    /// <summary>Share of experts used at all.</summary>
    public double Utilisation { get; init; }

    /// <summary>Devices D that <see cref="ImbalanceCost"/> is stated for.</summary>
    public int Devices { get; init; }

    /// <summary>Busiest of D devices ÷ their mean, 1 (even) to D.</summary>
    public double ImbalanceCost { get; init; }

    /// <summary>The measures of the pairs that each expert received.</summary>
    /// <param name="load">Pairs an expert [E].</param>
    /// <param name="devices">Devices D for the imbalance cost.</param>
    /// <exception cref="ArgumentException">The load is empty, an entry is negative, or there is no device.</exception>
    public static LoadStatistics Of(ReadOnlySpan<long> load, int devices = 8) => new()
    {
        Gini = LoadMetrics.Gini(load),
        MinMax = LoadMetrics.MinMax(load),
        Cv = LoadMetrics.Cv(load),
        MaxVio = LoadMetrics.MaxVio(load),
        LoadEntropy = LoadMetrics.LoadEntropy(load),
        Utilisation = LoadMetrics.Utilisation(load),
        Devices = devices,
        ImbalanceCost = LoadMetrics.ImbalanceCost(load, devices),
    };

    /// <summary>The measures of a soft load, the sum of combine weights of each expert.</summary>
    /// <param name="load">Soft load [E].</param>
    /// <param name="devices">Devices D for the imbalance cost.</param>
    /// <exception cref="ArgumentException">The load is empty, an entry is negative, or there is no device.</exception>
    public static LoadStatistics Of(ReadOnlySpan<double> load, int devices = 8) => new()
    {
        Gini = LoadMetrics.Gini(load),
        MinMax = LoadMetrics.MinMax(load),
        Cv = LoadMetrics.Cv(load),
        MaxVio = LoadMetrics.MaxVio(load),
        LoadEntropy = LoadMetrics.LoadEntropy(load),
        Utilisation = LoadMetrics.Utilisation(load),
        Devices = devices,
        ImbalanceCost = LoadMetrics.ImbalanceCost(load, devices),
    };
}
