using System.Text;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;

namespace Switchyard.Training.Trainers;

/// <summary>Cuts running text into overlapping windows of tokens.</summary>
internal static class TokenWindows
{
    /// <summary>Windows of up to context + 1 tokens, and how many of each window's last tokens no window before it has judged.</summary>
    /// <param name="corpus">The text, its documents joined.</param>
    /// <param name="vocabulary">What the tokens are; null for bytes.</param>
    /// <param name="context">Tokens of a window.</param>
    /// <param name="stride">Tokens from one window to the next.</param>
    /// <param name="maxTokens">The most tokens to judge, shared out among the domains of text files.</param>
    /// <exception cref="CorpusException">A document cannot be read, or is not text.</exception>
    public static IEnumerable<(long[] Window, int Fresh)> Of(ICorpus corpus, CorpusVocabulary? vocabulary, int context, int stride, long maxTokens = long.MaxValue)
    {
        List<long> buffer = [];
        int judged = 0;
        long tokens = 0;
        DomainShares shares = new(corpus, maxTokens == long.MaxValue ? maxTokens : maxTokens + 1); // the first is only seen
        foreach (Document document in corpus.Read())
        {
            long end = shares.EndOf(document.Domain, tokens);
            if (tokens >= end)
            {
                continue;
            }

            foreach (long token in Tokens(document, vocabulary).Take((int)Math.Min(int.MaxValue, end - tokens)))
            {
                tokens++;
                buffer.Add(token);
                if (buffer.Count == context + 1)
                {
                    yield return ([.. buffer], context - judged);
                    buffer.RemoveRange(0, stride);
                    judged = context - stride;
                }
            }
        }

        int fresh = buffer.Count - 1 - judged;
        if (fresh > 0)
        {
            yield return ([.. buffer], fresh);
        }
    }

    private static IEnumerable<long> Tokens(Document document, CorpusVocabulary? vocabulary)
    {
        try
        {
            return vocabulary is null
                ? Encoding.UTF8.GetBytes(document.Text).Select(b => (long)b)
                : vocabulary.Tokenizer.Encode(document.Text, addSpecial: false).Select(id => (long)id);
        }
        catch (ArgumentException e)
        {
            throw new CorpusException($"'{document.Id}': {e.Message.Split(" (Parameter")[0]}", e);
        }
    }
}
