using Switchyard.Models;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Quantizing;

/// <summary>Which checkpoint's experts are to be made integers, and how.</summary>
public sealed record QuantizeRequest
{
    /// <summary>The folder of the model.</summary>
    public required string Model { get; init; }

    /// <summary>The folder to write; it must not be there.</summary>
    public required string Output { get; init; }

    /// <summary>Bits of a weight, 8 or 4.</summary>
    public int Bits { get; init; } = 8;

    /// <summary>Weights along the input that share a scale; even.</summary>
    public int Group { get; init; } = 32;

    /// <summary>Text on which rounding is to change the experts' outputs little; null to round to the nearest.</summary>
    public ICorpus? Calibration { get; init; }

    /// <summary>The most tokens of it that are used.</summary>
    public long CalibrationTokens { get; init; } = 32_768;

    /// <summary>Tokens that each expert is calibrated on at least, as far as there are any: to those that are sent to it come the ones that were nearest to being sent.</summary>
    public int LeastTokens { get; init; } = 1024;

    /// <summary>Text that both models are judged on; null for none.</summary>
    public ICorpus? Judge { get; init; }

    /// <summary>Tokens of a window; null for the model's longest sequence, at most 1,024.</summary>
    public int? Context { get; init; }

    /// <summary>Tokens between windows of the text to judge on; null for the context.</summary>
    public int? Stride { get; init; }

    /// <summary>The most tokens to judge on.</summary>
    public long MaxTokens { get; init; } = long.MaxValue;

    /// <summary>How the models are read.</summary>
    public ModelLoadOptions Load { get; init; } = new();

    /// <summary>The command that repeats it.</summary>
    public string Command { get; init; } = string.Empty;
}
