namespace Switchyard.Training.Profiles;

/// <summary>How a text is put before a model.</summary>
public sealed record TextOptions
{
    /// <summary>The longest context that is taken without being asked for.</summary>
    public const int UsualContext = 1024;

    /// <summary>Tokens of a window.</summary>
    public required int Context { get; init; }

    /// <summary>Tokens from the begin of one window to the begin of the next, at most <see cref="Context"/>.</summary>
    public required int Stride { get; init; }

    /// <summary>The most tokens to read. The domains of text files, which are known beforehand, share them evenly, and what a short one leaves goes to those after it; JSON Lines are read from their beginning.</summary>
    public long MaxTokens { get; init; } = long.MaxValue;

    /// <summary>Decides which tokens are masked for an encoder.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Fills in what is not said: a context of the model's longest sequence, at most <see cref="UsualContext"/>, and windows that do not overlap.</summary>
    /// <param name="longest">Longest sequence of the model.</param>
    /// <param name="context">Tokens of a window, or null.</param>
    /// <param name="stride">Tokens between windows, or null.</param>
    /// <param name="maxTokens">The most tokens to read.</param>
    /// <param name="contextName">What the context is called where it was given.</param>
    /// <exception cref="ConfigurationException">The context is longer than the model allows, or the stride longer than the context.</exception>
    public static TextOptions For(int longest, int? context, int? stride, long maxTokens = long.MaxValue, string contextName = "--context")
    {
        int tokens = context ?? Math.Min(longest, UsualContext);
        if (tokens < 2 || tokens > longest)
        {
            throw new ConfigurationException($"{contextName} is {tokens}; it must be 2 to {longest}, the longest sequence of the model");
        }

        int step = stride ?? tokens;
        return step >= 1 && step <= tokens
            ? new TextOptions { Context = tokens, Stride = step, MaxTokens = maxTokens }
            : throw new ConfigurationException($"--stride is {step}; it must be 1 to {tokens}, the context: tokens between windows would not be judged");
    }
}
