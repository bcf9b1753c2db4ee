using System.Text;
using CsCheck;
using Switchyard.Models.Tokenizers;
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
    public void Pieces_of_a_text_give_the_tokens_of_the_whole_with_words_that_own_the_space_before_them() => Agrees(text => Words(text, prefix: false));

    [Fact]
    public void Pieces_of_a_text_give_the_tokens_of_the_whole_where_the_tokenizer_adds_a_space_in_front() => Agrees(text => Words(text, prefix: true));

    [Fact]
    public void Pieces_of_a_text_give_its_bytes() => Agrees(text => Array.ConvertAll(Encoding.UTF8.GetBytes(text), b => (int)b));

    [Fact]
    public void A_text_without_a_good_place_is_tokenized_whole()
    {
        string text = string.Concat(Enumerable.Repeat("word ", 4000));
        Assert.Single(StreamedTokens.Of(t => [t.Length], Pieces(text), Block).SelectMany(ids => ids));
    }

    [Fact]
    public void A_long_text_is_never_held_whole()
    {
        int longest = 0;
        string piece = string.Concat(Enumerable.Repeat("some words of text ", 100));
        int tokens = StreamedTokens.Of(Characters, Enumerable.Repeat(piece, 400), Block).Sum(ids => ids.Length);
        Assert.Equal(400 * piece.Length, tokens);
        Assert.InRange(longest, 1, 8000);

        int[] Characters(string text)
        {
            longest = Math.Max(longest, text.Length);
            return [.. text.Select(c => (int)c)];
        }
    }

    public static TheoryData<string> Tokenizers() =>
        [.. Golden.Folders("tokenizers").Where(f => File.Exists(Path.Combine(Golden.Folder(f)!, "tokenizer.json"))).DefaultIfEmpty(string.Empty)];

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Pieces_of_a_real_text_give_the_tokens_of_the_whole_with_real_vocabularies(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference tokenizers found");
        string data = Path.Combine(Golden.Folder(folder)!, "..", "..", "..", "data");
        Assert.SkipWhen(!Directory.Exists(data), "no text found beside the reference numbers");
        using TextTokenizer tokenizer = TextTokenizer.Load(Golden.Folder(folder)!);
        foreach (string file in Directory.GetFiles(data, "*.txt"))
        {
            string text = File.ReadAllText(file)[..80_000];
            int[][] parts = [.. StreamedTokens.Of(t => tokenizer.Encode(t, addSpecial: false), Pieces(text), 8000)];
            Assert.InRange(parts.Length, 5, 12);
            Assert.Equal(tokenizer.Encode(text, addSpecial: false), parts.SelectMany(ids => ids));
        }
    }

    private static void Agrees(Func<string, int[]> encode) => Texts.Sample(
        text => Assert.Equal(encode(text), StreamedTokens.Of(encode, Pieces(text), Block).SelectMany(ids => ids)),
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
    private static int[] Words(string text, bool prefix)
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
        return [.. ids];
    }
}
