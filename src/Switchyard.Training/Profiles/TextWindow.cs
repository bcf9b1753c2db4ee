namespace Switchyard.Training.Profiles;

/// <summary>A run of tokens that a model sees at once.</summary>
/// <param name="Document">Number of the document, from 0.</param>
/// <param name="Domain">Number of its domain.</param>
/// <param name="Begin">Position of the first token in the document; negative where it stands before it.</param>
/// <param name="Tokens">The tokens.</param>
/// <param name="Fresh">How many of the last tokens of the text no window before this one held.</param>
internal sealed record TextWindow(int Document, int Domain, long Begin, int[] Tokens, int Fresh)
{
    /// <summary>Tokens behind the fresh ones that do not belong to the text.</summary>
    public int After { get; init; }

    /// <summary>The first target that a decoder is scored by: fresh, and not the window's own first token.</summary>
    public int FirstTarget => Math.Max(1, Tokens.Length - Fresh);

    /// <summary>Targets that a decoder is scored by.</summary>
    public int Targets => Tokens.Length - FirstTarget;

    /// <summary>The window with what a tokenizer puts before and behind a text.</summary>
    public TextWindow Framed(IReadOnlyList<int> prefix, IReadOnlyList<int> suffix) => this with { Begin = Begin - prefix.Count, Tokens = [.. prefix, .. Tokens, .. suffix], After = suffix.Count };

    /// <summary>The windows [b, b + context) of a text, b the multiples of stride, until one ends with the text.</summary>
    public static IEnumerable<TextWindow> Cut(int document, int domain, IEnumerable<int> tokens, int context, int stride)
    {
        List<int> held = new(context);
        long begin = 0;
        int seen = 0;
        foreach (int token in tokens)
        {
            held.Add(token);
            if (held.Count == context)
            {
                yield return new TextWindow(document, domain, begin, [.. held], context - seen);
                held.RemoveRange(0, stride);
                begin += stride;
                seen = context - stride;
            }
        }

        if (held.Count > seen)
        {
            yield return new TextWindow(document, domain, begin, [.. held], held.Count - seen);
        }
    }
}
