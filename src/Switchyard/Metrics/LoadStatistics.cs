using System.Numerics;

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
    public static LoadStatistics Of(ReadOnlySpan<long> load, int devices = 8) => Of<long, Int128>(load, devices);

    /// <summary>The measures of a soft load, the sum of combine weights of each expert.</summary>
    /// <param name="load">Soft load [E].</param>
    /// <param name="devices">Devices D for the imbalance cost.</param>
    /// <exception cref="ArgumentException">The load is empty, an entry is negative, or there is no device.</exception>
    public static LoadStatistics Of(ReadOnlySpan<double> load, int devices = 8) => Of<double, double>(load, devices);

    private static LoadStatistics Of<T, TSum>(ReadOnlySpan<T> load, int devices)
        where T : struct, INumber<T>
        where TSum : struct, INumber<TSum> =>
        new()
        {
            Gini = LoadMetrics.Gini<T, TSum>(load),
            MinMax = LoadMetrics.MinMax<T>(load),
            Cv = LoadMetrics.Cv<T, TSum>(load),
            MaxVio = LoadMetrics.MaxVio<T, TSum>(load),
            LoadEntropy = LoadMetrics.LoadEntropy<T, TSum>(load),
            Utilisation = LoadMetrics.Utilisation<T>(load),
            Devices = devices,
            ImbalanceCost = LoadMetrics.ImbalanceCost<T, TSum>(load, devices),
        };
}
