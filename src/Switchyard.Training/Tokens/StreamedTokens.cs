namespace Switchyard.Training.Tokens;

/// <summary>The token ids of a long text, piece by piece: the same as of the whole, without holding it.</summary>
/// <remarks>
/// A text is cut at a space between two letters, where every tokenizer in use begins a new word, and only where the text around the cut shows it:
/// the ids of both sides by themselves must be those of both together. Some tokenizers put a space in front of a text themselves; then the cut takes the space away.
/// A text in which no such place is found is tokenized whole.
/// </remarks>
internal static class StreamedTokens
{
    private const int Block = 1 << 16;
    private const int Around = 512;
    private const int MostAttempts = 64;

    /// <summary>The ids of the joined pieces.</summary>
    /// <param name="encode">The ids of a text.</param>
    /// <param name="pieces">The text, no piece cut within a surrogate pair.</param>
    /// <param name="block">Characters of a part at least.</param>
    public static IEnumerable<int[]> Of(Func<string, int[]> encode, IEnumerable<string> pieces, int block = Block)
    {
        string buffer = string.Empty;
        int wanted = block;
        foreach (string piece in pieces)
        {
            buffer += piece;
            while (buffer.Length >= wanted + (2 * Around))
            {
                if (Cut(encode, buffer, wanted) is not var (end, next))
                {
                    // Twice as much before the next attempt, so that a text without such places costs no more than its length.
                    wanted = buffer.Length * 2;
                    break;
                }

                yield return encode(buffer[..end]);
                buffer = buffer[next..];
                wanted = block;
            }
        }

        if (buffer.Length > 0)
        {
            yield return encode(buffer);
        }
    }

    /// <summary>Where the first part ends and the second begins; null where no place is good.</summary>
    private static (int End, int Next)? Cut(Func<string, int[]> encode, string text, int from)
    {
        int attempts = 0;
        for (int i = from; i < text.Length - Around && attempts < MostAttempts; i++)
        {
            if (text[i] != ' ' || !char.IsLetter(text[i - 1]) || !char.IsLetter(text[i + 1]))
            {
                continue;
            }

            attempts++;
            foreach (int next in (int[])[i, i + 1])
            {
                if (Holds(encode, text, i, next))
                {
                    return (i, next);
                }
            }
        }

        return null;
    }

    private static bool Holds(Func<string, int[]> encode, string text, int end, int next)
    {
        int begin = Whole(text, Math.Max(0, end - Around));
        int stop = Whole(text, Math.Min(text.Length, end + Around));
        return encode(text[begin..stop]).SequenceEqual(encode(text[begin..end]).Concat(encode(text[next..stop])));
    }

    /// <summary>A place that does not split a surrogate pair.</summary>
    private static int Whole(string text, int place) => place < text.Length && char.IsLowSurrogate(text[place]) ? place + 1 : place;
}
