using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Upcycling;

/// <summary>Which dense checkpoint is to be given which experts.</summary>
public sealed record UpcycleRequest
{
    /// <summary>The folder of the dense model.</summary>
    public required string Model { get; init; }

    /// <summary>The folder to write; it must not be there.</summary>
    public required string Output { get; init; }

    /// <summary>The experts.</summary>
    public required UpcycleOptions Options { get; init; }

    /// <summary>Text that both models are judged on; null for none.</summary>
    public ICorpus? Judge { get; init; }

    /// <summary>Tokens of a window; null for the model's longest sequence, at most 1,024.</summary>
    public int? Context { get; init; }

    /// <summary>The most tokens of the text to read.</summary>
    public long MaxTokens { get; init; } = long.MaxValue;

    /// <summary>How both models are read.</summary>
    public ModelLoadOptions Load { get; init; } = new();

    /// <summary>The command that repeats it.</summary>
    public string Command { get; init; } = string.Empty;
}
