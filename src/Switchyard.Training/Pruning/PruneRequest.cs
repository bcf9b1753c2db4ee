using Switchyard.Models;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Pruning;

/// <summary>Which experts are to be taken out of which checkpoint.</summary>
public sealed record PruneRequest
{
    /// <summary>The folder of the model.</summary>
    public required string Model { get; init; }

    /// <summary>The folder to write; it must not be there.</summary>
    public required string Output { get; init; }

    /// <summary>Experts that each MoE layer keeps.</summary>
    public required int Keep { get; init; }

    /// <summary>What they are chosen by.</summary>
    public PruneCriterion By { get; init; } = PruneCriterion.Reap;

    /// <summary>Whether the others are merged into those that stay, by the mean of their weights, rather than dropped.</summary>
    public bool Merge { get; init; }

    /// <summary>Text that the experts are scored on; null where <see cref="Profile"/> is named instead.</summary>
    public ICorpus? Text { get; init; }

    /// <summary>The JSON of a profile of the model (<c>switchyard.profile/1</c>) whose counts score the experts, in place of <see cref="Text"/>: by frequency or weight, and with <see cref="Judge"/>. Null for the text.</summary>
    public string? Profile { get; init; }

    /// <summary>Text that both models are judged on; null for <see cref="Text"/>.</summary>
    public ICorpus? Judge { get; init; }

    /// <summary>Tokens of a window; null for the model's longest sequence, at most 1,024.</summary>
    public int? Context { get; init; }

    /// <summary>The most tokens to read of each text.</summary>
    public long MaxTokens { get; init; } = long.MaxValue;

    /// <summary>How both models are read.</summary>
    public ModelLoadOptions Load { get; init; } = new();

    /// <summary>The command that repeats it.</summary>
    public string Command { get; init; } = string.Empty;
}
