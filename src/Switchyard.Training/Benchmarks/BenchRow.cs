using Switchyard.Experts;
using Switchyard.Kernels;

namespace Switchyard.Training.Benchmarks;

/// <summary>One measurement: the median of several runs.</summary>
public sealed record BenchRow
{
    /// <summary><c>router</c>, <c>executor</c>, <c>layer</c> or <c>product</c>.</summary>
    public required string What { get; init; }

    /// <summary>Name of the shape.</summary>
    public required string Shape { get; init; }

    /// <summary>Tokens T.</summary>
    public required int Tokens { get; init; }

    /// <summary>Threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Type of the weights.</summary>
    public string Storage { get; init; } = "fp32";

    /// <summary>What the products of the forward multiply, where it was asked for.</summary>
    public Arithmetic? Arithmetic { get; init; }

    /// <summary>How the pairs are spread over the experts.</summary>
    public string? Load { get; init; }

    /// <summary><c>forward</c> or <c>forward-backward</c>.</summary>
    public required string Direction { get; init; }

    /// <summary>The executor, or the router for <c>router</c>.</summary>
    public required string Executor { get; init; }

    /// <summary>What the executor keeps for the backward; null where there is none.</summary>
    public SavedActivations? Activations { get; init; }

    /// <summary>Mean load of an expert, for <c>executor</c>.</summary>
    public double? RowsPerExpert { get; init; }

    /// <summary>Largest load ÷ mean load, for <c>executor</c>.</summary>
    public double? Imbalance { get; init; }

    /// <summary>Median time.</summary>
    public required double Milliseconds { get; init; }

    /// <summary>Operations a nanosecond of the expert products (a multiplication and an addition are two).</summary>
    public double? Gops { get; init; }

    /// <summary>Weights that must come from memory, 10⁶ bytes; 0 where they lie in a cache.</summary>
    public double? MegabytesRead { get; init; }

    /// <summary>The time that no software can beat on this machine ÷ <see cref="Milliseconds"/>.</summary>
    public double? Efficiency { get; init; }

    /// <summary>Computed rows that are padding ÷ computed rows.</summary>
    public double? PaddingWaste { get; init; }

    /// <summary>Share of the whole layer's time, for <c>router</c>.</summary>
    public double? ShareOfLayer { get; init; }

    /// <summary>What the ratio compares with.</summary>
    public string? Peer { get; init; }

    /// <summary>The peer's median time in the same run.</summary>
    public double? PeerMilliseconds { get; init; }

    /// <summary>The peer's time ÷ ours.</summary>
    public double? Ratio { get; init; }
}
