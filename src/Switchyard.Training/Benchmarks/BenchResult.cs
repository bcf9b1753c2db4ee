using Switchyard.Kernels.Limits;
using Switchyard.Training.Results;

namespace Switchyard.Training.Benchmarks;

/// <summary>What <c>bench</c> measured, schema <c>switchyard.bench/1</c>.</summary>
public sealed record BenchResult
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = "switchyard.bench/1";

    /// <summary>The machine.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The machine's limits at each number of threads, measured in the same run; null where nothing was compared with them.</summary>
    public IReadOnlyList<MachineLimits>? Roofline { get; init; }

    /// <summary>One row a measurement.</summary>
    public required IReadOnlyList<BenchRow> Rows { get; init; }
}
