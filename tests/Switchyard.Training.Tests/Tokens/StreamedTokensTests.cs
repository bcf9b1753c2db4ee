using System.Text;
using CsCheck;
using Switchyard.Training.Tokens;

namespace Switchyard.Training.Tests.Tokens;

public sealed class StreamedTokensTests
{
    private const int Block = 1500;

    private static readonly Gen<string> Texts = Gen.Int[0, 1 << 30].Select(seed =>
    {
        Random random = new(seed);
        StringBuilder text = new();
        string[] words = ["a", "word", "Wörter", "12", "don't", "\n\n", "  ", "😀", "—", "end.\n", "x_y", "мир", "the"];
        while (text.Length < 9000)
        {
            text.Append(words[random.Next(words.Length)]);
            text.Append(random.Next(4) == 0 ? "" : " ");
        }

        return text.ToString();
    });

    [Fact]
    public void Pieces_of_a_text_give_the_tokens_of_the_whole_with_words_that_own_the_space_before_them() => Agrees(new Words(prefix: false));

    [Fact]
    public void Pieces_of_a_text_give_the_tokens_of_the_whole_where_the_tokenizer_adds_a_space_in_front() => Agrees(new Words(prefix: true));

    [Fact]
    public void Pieces_of_a_text_give_its_bytes() => Agrees(new ByteTokenizer());

    [Fact]
    public void A_text_without_a_good_place_is_tokenized_whole()
    {
        Count counted = new();
        string text = string.Concat(Enumerable.Repeat("word ", 4000));
        Assert.Single(StreamedTokens.Of(counted, Pieces(text), Block).SelectMany(ids => ids));
    }

    [Fact]
    public void A_long_text_is_never_held_whole()
    {
        Longest tokenizer = new();
        string piece = string.Concat(Enumerable.Repeat("some words of text ", 100));
        int tokens = StreamedTokens.Of(tokenizer, Enumerable.Repeat(piece, 400), Block).Sum(ids => ids.Count);
        Assert.Equal(400 * piece.Length, tokens);
        Assert.InRange(tokenizer.Length, 1, 8000);
    }

    private static void Agrees(ITextTokenizer tokenizer) => Texts.Sample(
        text => Assert.Equal(tokenizer.Encode(text), StreamedTokens.Of(tokenizer, Pieces(text), Block).SelectMany(ids => ids)),
        iter: 30);

    private static IEnumerable<string> Pieces(string text)
    {
        for (int i = 0; i < text.Length;)
        {
            int take = Math.Min(700, text.Length - i);
            take += i + take < text.Length && char.IsHighSurrogate(text[i + take - 1]) ? 1 : 0;
            yield return text.Substring(i, take);
            i += take;
        }
    }

    /// <summary>A token a word with the space before it, a token a character else, white space in runs of which the last belongs to what follows.</summary>
    private sealed class Words(bool prefix) : ITextTokenizer
    {
        public string Name => "words";

        public IReadOnlyList<int> Encode(string text)
        {
            text = prefix ? " " + text : text;
            List<int> ids = [];
            for (int i = 0; i < text.Length;)
            {
                int end = i + 1;
                if (char.IsLetter(text[i]) || (text[i] == ' ' && end < text.Length && char.IsLetter(text[end])))
                {
                    while (end < text.Length && char.IsLetter(text[end]))
                    {
                        end++;
                    }
                }
                else if (char.IsWhiteSpace(text[i]))
                {
                    while (end < text.Length && char.IsWhiteSpace(text[end]))
                    {
                        end++;
                    }

                    end -= end < text.Length && end - i > 1 ? 1 : 0;
                }

                ids.Add(string.GetHashCode(text.AsSpan(i, end - i), StringComparison.Ordinal));
                i = end;
            }

            return ids;
        }
    }

    /// <summary>The length of the whole text as its one token.</summary>
    private sealed class Count : ITextTokenizer
    {
        public string Name => "count";

        public IReadOnlyList<int> Encode(string text) => [text.Length];
    }

    /// <summary>Characters as tokens; remembers the longest text.</summary>
    private sealed class Longest : ITextTokenizer
    {
        public string Name => "characters";

        public int Length { get; private set; }

        public IReadOnlyList<int> Encode(string text)
        {
            Length = Math.Max(Length, text.Length);
            return [.. text.Select(c => (int)c)];
        }
    }
}
