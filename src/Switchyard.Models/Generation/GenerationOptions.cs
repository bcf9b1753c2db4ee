namespace Switchyard.Models.Generation;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens to make.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>How a token is chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Strings that end the text; they are not part of it.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Whether tokens that end a text are ignored.</summary>
    public bool IgnoreEndTokens { get; init; }

    /// <summary>Whether each token comes with the experts that it went through.</summary>
    public bool RecordRouting { get; init; }

    /// <summary>Checks the values.</summary>
    /// <exception cref="ConfigurationException">A value is out of its range.</exception>
    public void Validate()
    {
        Sampling.Validate();
        if (MaxTokens < 1)
        {
            throw new ConfigurationException($"maxTokens is {MaxTokens}; it must be at least 1");
        }
    }
}
