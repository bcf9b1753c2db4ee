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
    /// <remarks>Weights of a small layer stay in a cache from one run to the next: there the efficiency can pass 1 where reading them is the limit.</remarks>
    public static BenchRow WithEfficiency(BenchRow row, IReadOnlyList<MachineLimits> limits)
    {
        if (limits.FirstOrDefault(l => l.Threads == row.Threads) is not { } limit || row.Gops is not { } gops || row.MegabytesRead is not { } megabytes)
        {
            return row;
        }

        double? peak = (row.Arithmetic, row.Storage) switch
        {
            (Arithmetic.Int8, _) => limit.Int8Gops,
            (Arithmetic.Bf16, _) or (null, "bf16") => limit.Bf16Gops,
            _ => limit.Fp32Gops,
        };
        peak ??= limit.Fp32Gops;
        return row with { Efficiency = Math.Max(gops / peak.Value, megabytes / row.Milliseconds / limit.ReadGBps) };
    }
}
