using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Profiles;

/// <summary>What to profile on.</summary>
public sealed record ProfileRequest
{
    /// <summary>The model's folder, for the result.</summary>
    public required string ModelPath { get; init; }

    /// <summary>The model's tokenizer.</summary>
    public required TextTokenizer Tokenizer { get; init; }

    /// <summary>The text.</summary>
    public required ICorpus Corpus { get; init; }

    /// <summary>Context, stride and limit.</summary>
    public required TextOptions Text { get; init; }

    /// <summary>First tokens of the text that locality, working set, coverage and cache curve are taken from. They take 2·k bytes a token and layer, and 12·k more while the result is made.</summary>
    public int OrderTokens { get; init; } = 65_536;

    /// <summary>The command that repeats it.</summary>
    public string Command { get; init; } = string.Empty;
}
