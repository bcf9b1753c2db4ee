using Switchyard.Experts;
using Switchyard.Kernels;

namespace Switchyard.Training.Benchmarks;

/// <summary>What to measure.</summary>
public sealed record BenchOptions
{
    /// <summary>Names of shapes.</summary>
    public IReadOnlyList<string> Shapes { get; init; } = ["small"];

    /// <summary>Token counts T.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [128, 1024, 4096];

    /// <summary>Thread counts.</summary>
    public IReadOnlyList<int> Threads { get; init; } = [1, Environment.ProcessorCount];

    /// <summary>Spread of the pairs over experts.</summary>
    public string Load { get; init; } = "even";

    /// <summary><c>forward</c> or <c>forward-backward</c>.</summary>
    public string Direction { get; init; } = "forward";

    /// <summary>Type of expert weights for executors, one of <see cref="ExecutorBench.Storages"/>. Tokens are of the same type where it is one of torch's, else fp32.</summary>
    public string Storage { get; init; } = "fp32";

    /// <summary>What our kernels multiply; null follows the tokens. Each is timed.</summary>
    public IReadOnlyList<Arithmetic?> Arithmetic { get; init; } = [null];

    /// <summary>What executors keep for the backward; each is timed in every way that is named.</summary>
    public IReadOnlyList<SavedActivations> Activations { get; init; } = [SavedActivations.Keep];

    /// <summary>Executors or routers to time; empty for all.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Time for each competitor.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(0.5);

    internal bool Backward => string.Equals(Direction, "forward-backward", StringComparison.Ordinal);
}
