namespace Switchyard.Training.Profiles;

/// <summary>A run of tokens that a model sees at once.</summary>
/// <param name="Document">Number of the document, from 0.</param>
/// <param name="Domain">Number of its domain.</param>
/// <param name="Begin">Position of the first token in the document.</param>
/// <param name="Tokens">The tokens.</param>
/// <param name="Fresh">How many of the last tokens no window before this one held.</param>
internal sealed record TextWindow(int Document, int Domain, long Begin, int[] Tokens, int Fresh)
{
    /// <summary>The first target that is scored: fresh, and not the window's own first token.</summary>
    public int FirstTarget => Math.Max(1, Tokens.Length - Fresh);

    /// <summary>Targets that are scored.</summary>
    public int Targets => Tokens.Length - FirstTarget;

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
