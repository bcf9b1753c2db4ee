using CsCheck;
using Switchyard.Models.Tests.Files;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Tests.Tokenizers;

public sealed class BytePairTrainerTests
{
    private const string Rhyme = "the cat sat on the mat; the cat that sat there ate the rat's hat. Ünïcödé 🙂🙂 1234 1234\n\n  the end";

    [Fact]
    public void Merges_are_those_of_counting_everything_anew()
    {
        string[] words = ["aaab", "aaab", "aaab", "abab", "abab", "baaa", "aaaaaa"];
        BytePairTrainer trainer = new();
        trainer.Add(string.Join(' ', words));
        using TemporaryFolder folder = new();
        trainer.Train(270, TestContext.Current.CancellationToken).Save(folder.Path);
        using TextTokenizer tokenizer = TextTokenizer.Load(folder.Path);

        List<List<string>> text = [.. words.Select((w, i) => (i == 0 ? w : "Ġ" + w).Select(c => c.ToString()).ToList())];
        for (int id = 257; id < tokenizer.VocabularySize; id++)
        {
            (string Left, string Right) best = text.SelectMany(w => w.Zip(w.Skip(1))).GroupBy(p => p)
                .OrderByDescending(g => g.Count()).ThenBy(g => tokenizer.IdOf(g.Key.First)).ThenBy(g => tokenizer.IdOf(g.Key.Second)).First().Key;
            Assert.Equal(best.Left + best.Right, tokenizer.TokenOf(id));
            foreach (List<string> word in text)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] == best.Left && word[i + 1] == best.Right)
                    {
                        word[i] += word[i + 1];
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }
    }

    [Fact]
    public void The_same_text_gives_the_same_file()
    {
        using TemporaryFolder folder = new();
        foreach (string name in new[] { "a", "b" })
        {
            BytePairTrainer trainer = new();
            trainer.Add(Rhyme);
            trainer.Train(300, TestContext.Current.CancellationToken).Save(folder[name]);
        }

        Assert.Equal(File.ReadAllBytes(Path.Combine(folder["a"], "tokenizer.json")), File.ReadAllBytes(Path.Combine(folder["b"], "tokenizer.json")));
    }

    [Fact]
    public void Any_text_comes_back_from_its_ids()
    {
        BytePairTrainer trainer = new();
        trainer.Add(Rhyme);
        BytePairVocabulary vocabulary = trainer.Train(300, TestContext.Current.CancellationToken);
        using TemporaryFolder folder = new();
        vocabulary.Save(folder.Path);
        using TextTokenizer tokenizer = TextTokenizer.Load(folder.Path);

        Assert.Equal(vocabulary.Size, tokenizer.VocabularySize);
        Assert.Equal(0, tokenizer.EndId);
        Assert.True(tokenizer.Encode(Rhyme).Length < Rhyme.Length);
        Assert.Equal(Rhyme, tokenizer.Decode(tokenizer.Encode(Rhyme)));
        Gen.Int[1, 0x10FFFF].Where(c => c is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32).Array[0, 20].Select(string.Concat)
            .Sample(text => tokenizer.Decode(tokenizer.Encode(text), skipSpecial: false) == text, iter: 500, threads: 1);
    }

    [Fact]
    public void A_vocabulary_without_room_for_bytes_is_an_error() =>
        Assert.Throws<ConfigurationException>(() => new BytePairTrainer().Train(256, TestContext.Current.CancellationToken));
}
