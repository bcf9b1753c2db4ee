namespace Switchyard.Training.Profiles;

/// <summary>Windows of equal length and equally many fresh tokens, to be run at once.</summary>
/// <param name="Windows">The windows, in order.</param>
internal sealed record WindowBatch(IReadOnlyList<TextWindow> Windows)
{
    private const int MostTokens = 2048;
    private const int MostLogits = 1 << 26;

    /// <summary>Tokens of each window.</summary>
    public int Length => Windows[0].Tokens.Length;

    /// <summary>Fresh tokens of each window.</summary>
    public int Fresh => Windows[0].Fresh;

    /// <summary>Where the fresh tokens of a window begin.</summary>
    public int FirstFresh => Length - Windows[0].After - Fresh;

    /// <summary>Joins consecutive windows of one kind, at most about 2,048 tokens and 2²⁶ logits.</summary>
    /// <param name="windows">The windows.</param>
    /// <param name="vocabularySize">Logits of a token.</param>
    public static IEnumerable<WindowBatch> Join(IEnumerable<TextWindow> windows, int vocabularySize)
    {
        int tokens = Math.Min(MostTokens, MostLogits / vocabularySize);
        List<TextWindow> held = [];
        foreach (TextWindow window in windows)
        {
            if (held.Count > 0 && (held[0].Tokens.Length != window.Tokens.Length || held[0].Fresh != window.Fresh || (held.Count + 1) * window.Tokens.Length > tokens))
            {
                yield return new WindowBatch(held);
                held = [];
            }

            held.Add(window);
        }

        if (held.Count > 0)
        {
            yield return new WindowBatch(held);
        }
    }
}
