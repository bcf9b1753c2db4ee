using Switchyard.Training.Results;

namespace Switchyard.Training.Pruning;

/// <summary>What taking experts out of a checkpoint did, as written to JSON under the schema <c>switchyard.prune/1</c>.</summary>
public sealed record PruneResult
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = "switchyard.prune/1";

    /// <summary>The machine and software it ran on.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>The folder of the original.</summary>
    public required string Model { get; init; }

    /// <summary>The folder of the new checkpoint.</summary>
    public required string Output { get; init; }

    /// <summary>What the experts that stayed were chosen by.</summary>
    public required PruneCriterion By { get; init; }

    /// <summary>Whether the others were merged into them rather than dropped.</summary>
    public bool Merged { get; init; }

    /// <summary>Experts of a layer of the original.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts of a layer of the new checkpoint.</summary>
    public required int Kept { get; init; }

    /// <summary>The profile that scored the experts; null where a text was read for it.</summary>
    public string? Profile { get; init; }

    /// <summary>The text that the experts were scored on, or that their profile is of.</summary>
    public required string Text { get; init; }

    /// <summary>Tokens of it that were read.</summary>
    public required long Tokens { get; init; }

    /// <summary>The text that both models were judged on.</summary>
    public required string JudgeText { get; init; }

    /// <summary>Tokens of it that were judged.</summary>
    public required long JudgedTokens { get; init; }

    /// <summary>The original.</summary>
    public required PruneFigures Before { get; init; }

    /// <summary>The new checkpoint.</summary>
    public required PruneFigures After { get; init; }

    /// <summary>The MoE layers.</summary>
    public required IReadOnlyList<PrunedLayer> Layers { get; init; }

    /// <summary>Wall time.</summary>
    public required double Seconds { get; init; }
}
