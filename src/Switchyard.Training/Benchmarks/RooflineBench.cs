using Switchyard.Kernels;
using Switchyard.Kernels.Limits;

namespace Switchyard.Training.Benchmarks;

/// <summary>Measures the limits of this machine.</summary>
public static class RooflineBench
{
    /// <summary>Limits with each number of threads.</summary>
    public static IEnumerable<MachineLimits> Run(IEnumerable<int> threads, CancellationToken cancellation = default)
    {
        foreach (int count in threads.Distinct())
        {
            cancellation.ThrowIfCancellationRequested();
            using KernelEngine engine = new(KernelOptions.FromEnvironment() with { Threads = count });
            yield return MachineLimits.Measure(engine);
        }
    }

    /// <summary>A row with its efficiency: the time that no software can beat ÷ the row's. Rows without operations or limits stay as they are.</summary>
    public static BenchRow WithEfficiency(BenchRow row, IReadOnlyList<MachineLimits> limits)
    {
        MachineLimits? limit = limits.FirstOrDefault(l => l.Threads == row.Threads);
        return limit is null || row.Gops is not { } gops || row.MegabytesRead is not { } megabytes
            ? row
            : row with { Efficiency = limit.Milliseconds(gops * row.Milliseconds * 1e6, megabytes * 1e6) / row.Milliseconds };
    }
}
