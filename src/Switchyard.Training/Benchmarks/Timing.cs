using System.Diagnostics;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Times competitors in turn, so that a machine that slows down slows them all.</summary>
internal static class Timing
{
    private const int MinimumRounds = 5;
    private const int MaximumRounds = 200;

    /// <summary>Median times in milliseconds, after two rounds of warming up.</summary>
    public static double[] Medians(IReadOnlyList<Action> competitors, TimeSpan budget, CancellationToken cancellation)
    {
        List<double>[] times = [.. competitors.Select(_ => new List<double>())];
        Stopwatch total = Stopwatch.StartNew();
        for (int round = -2; round < MaximumRounds && (round < MinimumRounds || total.Elapsed < budget * competitors.Count); round++)
        {
            for (int i = 0; i < competitors.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                long start = Stopwatch.GetTimestamp();
                competitors[i]();
                if (round >= 0)
                {
                    times[i].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }
        }

        return [.. times.Select(Median)];
    }

    /// <summary>The work of one pass: a result, and its gradients where the options ask for them.</summary>
    public static Action Pass(BenchOptions options, Func<Tensor> forward) => () =>
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(options.Backward);
        Tensor y = forward();
        if (options.Backward)
        {
            y.sum().backward();
        }
    };

    private static double Median(List<double> times)
    {
        times.Sort();
        return times[times.Count / 2];
    }
}
