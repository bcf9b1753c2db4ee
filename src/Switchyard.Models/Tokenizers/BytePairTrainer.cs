using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Switchyard.Models.Tokenizers;

/// <summary>Learns a byte-level byte-pair encoding: words (cut by GPT-2's pattern) start as bytes; the pair that occurs most often is merged again and again. Of pairs that occur equally often the one of the smaller ids is taken, so that a text always gives the same vocabulary.</summary>
/// <remarks>R. Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016; bytes as in GPT-2. Pair counts are kept up to date by the words that a merge changes, and a heap finds the most frequent pair.</remarks>
public sealed partial class BytePairTrainer
{
    /// <summary>The smallest vocabulary: the token that ends a text, and 256 bytes.</summary>
    public const int SmallestVocabulary = 257;

    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts the words of a text.</summary>
    public void Add(string text)
    {
        var words = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (ValueMatch word in WordPattern().EnumerateMatches(text))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(words, text.AsSpan(word.Index, word.Length), out _)++;
        }
    }

    /// <summary>Learns merges from the words counted so far.</summary>
    /// <param name="vocabularySize">Tokens of the vocabulary; fewer where no pair occurs twice.</param>
    /// <param name="cancellation">Stops between merges.</param>
    /// <exception cref="ConfigurationException">The size is below <see cref="SmallestVocabulary"/>.</exception>
    public BytePairVocabulary Train(int vocabularySize, CancellationToken cancellation = default)
    {
        if (vocabularySize < SmallestVocabulary)
        {
            throw new ConfigurationException($"the vocabulary is to have {vocabularySize} tokens; a byte-level one has at least {SmallestVocabulary}");
        }

        List<byte[]> tokens = [[], .. ByteAlphabet.Order.Select(b => new[] { b })];
        int[] idOfByte = new int[256];
        for (int i = 0; i < 256; i++)
        {
            idOfByte[ByteAlphabet.Order[i]] = i + 1;
        }

        PairCounts pairs = new([.. _counts.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => (Array.ConvertAll(Encoding.UTF8.GetBytes(w.Key), b => idOfByte[b]), w.Value))]);
        List<(int Left, int Right)> merges = [];
        HashSet<string> known = [.. tokens.Select(t => Convert.ToHexString(t))];
        while (tokens.Count < vocabularySize && pairs.MostFrequent() is { } pair)
        {
            cancellation.ThrowIfCancellationRequested();
            byte[] merged = [.. tokens[pair.Left], .. tokens[pair.Right]];
            if (!known.Add(Convert.ToHexString(merged)))
            {
                pairs.Forget(pair);
                continue;
            }

            pairs.Merge(pair, tokens.Count);
            merges.Add(pair);
            tokens.Add(merged);
        }

        return new BytePairVocabulary(tokens, merges);
    }

    [GeneratedRegex(BytePairVocabulary.WordPattern, RegexOptions.CultureInvariant)]
    private static partial Regex WordPattern();
}
