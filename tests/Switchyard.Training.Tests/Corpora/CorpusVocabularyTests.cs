using System.Text;
using System.Text.RegularExpressions;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class CorpusVocabularyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PackedCorpus _bytes;

    public CorpusVocabularyTests() =>
        _bytes = Reading.Pack(
            new ListCorpus([.. Enumerable.Range(0, 120).Select(i => ($"d{i % 3}", $"the expert number {i} sees {i * i} tokens; größer 🙂\nand a second line\tof {i}"))]),
            _folder.Cache,
            new CorpusSplit { HeldOutShare = 0.3 });

    [Fact]
    public void Tokens_turn_back_into_the_documents_they_were_made_of_on_both_sides()
    {
        using CorpusVocabulary vocabulary = Learn(300);
        using PackedCorpus tokens = _bytes.Tokenize(vocabulary, TestContext.Current.CancellationToken);

        Assert.Equal(Text(PackedCorpusTests.Train(_bytes)), Text(vocabulary, Train(tokens)));
        Assert.Equal(Text(PackedCorpusTests.HeldOut(_bytes)), Text(vocabulary, HeldOut(tokens)));
        Assert.True(tokens.TrainTokens < _bytes.TrainTokens);
        Assert.Contains(Train(tokens), t => t > 256);
        Assert.Equal(_bytes.Domains, tokens.Domains);
        Assert.Equal(_bytes.TrainDocuments, tokens.TrainDocuments);
        Assert.Equal((_bytes.TrainTokens, _bytes.HeldOutTokens), (tokens.Info.TrainBytes, tokens.Info.HeldOutBytes));
    }

    [Fact]
    public void Each_document_keeps_its_domain()
    {
        using CorpusVocabulary vocabulary = Learn(300);
        using PackedCorpus tokens = _bytes.Tokenize(vocabulary, TestContext.Current.CancellationToken);

        for (int d = 0; d < _bytes.Domains.Count; d++)
        {
            Assert.Equal(
                Text(PackedCorpusTests.HeldOut(_bytes)[(int)Start(_bytes, d)..(int)_bytes.HeldOutEnds[d]]),
                Text(vocabulary, HeldOut(tokens)[(int)Start(tokens, d)..(int)tokens.HeldOutEnds[d]]));
        }

        long position = 0;
        long inBytes = 0;
        foreach (long token in Train(tokens))
        {
            Assert.Equal(_bytes.DomainOf(inBytes, 1), tokens.DomainOf(position++, 1));
            inBytes += vocabulary.BytesOf(token);
        }

        static long Start(PackedCorpus corpus, int domain) => domain == 0 ? 0 : corpus.HeldOutEnds[domain - 1];
    }

    [Fact]
    public void Bytes_of_the_tokens_are_the_bytes_of_the_text()
    {
        using CorpusVocabulary vocabulary = Learn(290);
        using PackedCorpus tokens = _bytes.Tokenize(vocabulary, TestContext.Current.CancellationToken);

        Assert.Equal(_bytes.TrainTokens, Train(tokens).Sum(vocabulary.BytesOf));
        Assert.Equal(_bytes.HeldOutTokens, HeldOut(tokens).Sum(vocabulary.BytesOf));
    }

    [Fact]
    public void It_is_learnt_from_the_training_text_alone()
    {
        using CorpusVocabulary vocabulary = Learn(320);
        BytePairTrainer trainer = new();
        foreach (string document in Text(PackedCorpusTests.Train(_bytes)))
        {
            trainer.Add(document);
        }

        trainer.Train(320, TestContext.Current.CancellationToken).Save(Path("expected"));

        Assert.Equal(File.ReadAllBytes(System.IO.Path.Combine(Path("expected"), "tokenizer.json")), File.ReadAllBytes(System.IO.Path.Combine(Path("v320"), "tokenizer.json")));
    }

    [Fact]
    public void Tokens_are_kept_by_the_tokenizer_that_made_them_and_made_anew_where_damaged()
    {
        using CorpusVocabulary small = Learn(280);
        using CorpusVocabulary large = Learn(300);
        string first = Folder(small);
        string file = System.IO.Path.Combine(first, "train.bin");
        DateTime written = File.GetLastWriteTimeUtc(file);

        Assert.NotEqual(first, Folder(large));
        Assert.Equal((first, written), (Folder(small), File.GetLastWriteTimeUtc(file)));

        byte[] whole = File.ReadAllBytes(System.IO.Path.Combine(first, "train.bin"));
        File.WriteAllBytes(System.IO.Path.Combine(first, "train.bin"), whole[..^4]);
        Assert.Equal(first, Folder(small));
        Assert.Equal(whole, File.ReadAllBytes(System.IO.Path.Combine(first, "train.bin")));

        string Folder(CorpusVocabulary vocabulary)
        {
            using PackedCorpus tokens = _bytes.Tokenize(vocabulary, TestContext.Current.CancellationToken);
            return tokens.Folder;
        }
    }

    [Fact]
    public void Training_and_held_out_sequences_are_those_of_the_tokens()
    {
        using CorpusVocabulary vocabulary = Learn(300);
        using PackedCorpus tokens = _bytes.Tokenize(vocabulary, TestContext.Current.CancellationToken);
        long[] train = Train(tokens);
        TokenStream stream = new(tokens, 8, 1, 1);
        string[] expected = [.. Enumerable.Range(0, (int)stream.SequencesPerEpoch).Select(s => string.Join(' ', train[(s * 8)..((s * 8) + 9)])).Order(StringComparer.Ordinal)];

        Assert.Equal(expected, Enumerable.Range(0, expected.Length).Select(s => string.Join(' ', stream.Read(s).Tokens)).Order(StringComparer.Ordinal));
        Assert.Equal(HeldOut(tokens)[..9], new HeldOutSequences(tokens, 8).Batches(1, 1).Single().Tokens);
        long[] frequencies = tokens.TrainFrequencies();
        Assert.Equal(train.Length, frequencies.Sum());
        Assert.Equal(tokens.TrainDocuments, frequencies[vocabulary.EndOfDocument]);
    }

    [Fact]
    public void A_folder_without_a_byte_level_tokenizer_is_refused_by_name()
    {
        CheckpointFormatException missing = Assert.Throws<CheckpointFormatException>(() => CorpusVocabulary.Load(Path("none")));
        Assert.Contains("tokenizer.json", missing.Message, StringComparison.Ordinal);
        using CorpusVocabulary vocabulary = Learn(300);
        string file = System.IO.Path.Combine(Path("v300"), "tokenizer.json");
        File.WriteAllText(file, Regex.Replace(File.ReadAllText(file), "\"decoder\":\\s*\\{[^}]*\\}", "\"decoder\":{\"type\":\"Fuse\"}", RegexOptions.None, TimeSpan.FromSeconds(5)));
        CheckpointFormatException other = Assert.Throws<CheckpointFormatException>(() => CorpusVocabulary.Load(Path("v300")));
        Assert.Contains("byte-level", other.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _bytes.Dispose();
        _folder.Dispose();
    }

    private static long[] Train(PackedCorpus packed)
    {
        long[] tokens = new long[packed.TrainTokens];
        packed.ReadTrain(0, tokens);
        return tokens;
    }

    private static long[] HeldOut(PackedCorpus packed)
    {
        long[] tokens = new long[packed.HeldOutTokens];
        packed.ReadHeldOut(0, tokens);
        return tokens;
    }

    private static string[] Text(byte[] bytes) => Encoding.UTF8.GetString(bytes).Split('\0')[..^1];

    private static string[] Text(CorpusVocabulary vocabulary, long[] tokens)
    {
        List<string> texts = [];
        List<int> document = [];
        foreach (long token in tokens)
        {
            if (token != vocabulary.EndOfDocument)
            {
                document.Add((int)token);
                continue;
            }

            texts.Add(vocabulary.Tokenizer.Decode([.. document], skipSpecial: false));
            document.Clear();
        }

        return [.. texts];
    }

    private CorpusVocabulary Learn(int size) => CorpusVocabulary.Learn(_bytes, size, Path($"v{size}"), TestContext.Current.CancellationToken);

    private string Path(string name) => System.IO.Path.Combine(_folder.Path, name);
}
