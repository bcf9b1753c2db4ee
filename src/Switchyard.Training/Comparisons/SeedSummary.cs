using Switchyard.Training.Results;

namespace Switchyard.Training.Comparisons;

/// <summary>Makes one row of the runs of several seeds: means, and the sample standard deviations beside them. Loads, layers and history are those of the first seed.</summary>
public static class SeedSummary
{
    private static readonly (string Name, Func<CompareRow, double> Get, Func<CompareRow, double, CompareRow> Set)[] Figures =
    [
        ("trainLoss", r => r.TrainLoss, (r, v) => r with { TrainLoss = v }),
        ("testLoss", r => r.TestLoss, (r, v) => r with { TestLoss = v }),
        ("testLossPerByte", r => r.TestLossPerByte ?? double.NaN, (r, v) => r with { TestLossPerByte = double.IsNaN(v) ? null : v }),
        ("perplexity", r => r.Perplexity, (r, v) => r with { Perplexity = v }),
        ("gini", r => r.Gini, (r, v) => r with { Gini = v }),
        ("giniWorstLayer", r => r.GiniWorstLayer, (r, v) => r with { GiniWorstLayer = v }),
        ("giniPerBatch", r => r.GiniPerBatch, (r, v) => r with { GiniPerBatch = v }),
        ("minMax", r => r.MinMax, (r, v) => r with { MinMax = v }),
        ("cv", r => r.Cv, (r, v) => r with { Cv = v }),
        ("maxVio", r => r.MaxVio, (r, v) => r with { MaxVio = v }),
        ("loadEntropy", r => r.LoadEntropy, (r, v) => r with { LoadEntropy = v }),
        ("routingEntropy", r => r.RoutingEntropy, (r, v) => r with { RoutingEntropy = v }),
        ("utilisation", r => r.Utilisation, (r, v) => r with { Utilisation = v }),
        ("dropRate", r => r.DropRate, (r, v) => r with { DropRate = v }),
        ("specialisation", r => r.Specialisation, (r, v) => r with { Specialisation = v }),
        ("tokensPerSecond", r => r.TokensPerSecond, (r, v) => r with { TokensPerSecond = v }),
        ("routerMicrosecondsPerToken", r => r.RouterMicrosecondsPerToken, (r, v) => r with { RouterMicrosecondsPerToken = v }),
        ("seconds", r => r.Seconds, (r, v) => r with { Seconds = v }),
    ];

    /// <summary>The row of one or more runs of the same recipe.</summary>
    /// <exception cref="ArgumentException">There is no run.</exception>
    public static CompareRow Of(IReadOnlyList<CompareRow> runs)
    {
        if (runs.Count == 0)
        {
            throw new ArgumentException("no runs", nameof(runs));
        }

        CompareRow summary = runs[0];
        if (runs.Count == 1)
        {
            return summary;
        }

        Dictionary<string, double> deviation = new(StringComparer.Ordinal);
        foreach ((string name, Func<CompareRow, double> get, Func<CompareRow, double, CompareRow> set) in Figures)
        {
            double mean = runs.Average(get);
            deviation[name] = Math.Sqrt(runs.Sum(r => Math.Pow(get(r) - mean, 2)) / (runs.Count - 1));
            summary = set(summary, mean);
        }

        return summary with { Deviation = deviation, SkippedSteps = runs.Sum(r => r.SkippedSteps) };
    }
}
