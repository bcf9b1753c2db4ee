using Switchyard.Models.Checkpoints;
using Switchyard.Training.Results;

namespace Switchyard.Training.Upcycling;

/// <summary>What giving experts to a dense checkpoint did, as written to JSON under the schema <c>switchyard.upcycle/1</c>.</summary>
public sealed record UpcycleResult
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = "switchyard.upcycle/1";

    /// <summary>The machine and software it ran on.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>The folder of the original.</summary>
    public required string Model { get; init; }

    /// <summary>The folder of the new checkpoint.</summary>
    public required string Output { get; init; }

    /// <summary>How FFNs became experts.</summary>
    public required UpcycleMethod By { get; init; }

    /// <summary>Experts of an MoE layer.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts a token.</summary>
    public required int TopK { get; init; }

    /// <summary>Inner size of an expert.</summary>
    public required int InnerSize { get; init; }

    /// <summary>Standard deviation of the noise on copies, ÷ that of the matrix.</summary>
    public required double Noise { get; init; }

    /// <summary>Router, balancer and selector.</summary>
    public required string Routing { get; init; }

    /// <summary>Seed of noise and routers.</summary>
    public required long Seed { get; init; }

    /// <summary>Indices of the MoE layers.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>The text that both models were judged on; null for none.</summary>
    public string? JudgeText { get; init; }

    /// <summary>Tokens of it that were judged.</summary>
    public long JudgedTokens { get; init; }

    /// <summary>The original.</summary>
    public required UpcycleFigures Before { get; init; }

    /// <summary>The new checkpoint.</summary>
    public required UpcycleFigures After { get; init; }

    /// <summary>Wall time.</summary>
    public required double Seconds { get; init; }
}
