using CsCheck;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class TokenStreamTests
{
    [Fact]
    public void Each_token_of_an_epoch_is_predicted_once()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Numbered(folder, 30);
        byte[] text = PackedCorpusTests.Train(packed);
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 9], Gen.Long).Sample(
            (length, batch, seed) =>
            {
                var stream = new TokenStream(packed, length, batch, seed);
                long epochs = 2;
                List<string>[] seen = [.. Enumerable.Range(0, (int)epochs).Select(_ => new List<string>())];
                for (long i = 0; i < epochs * stream.SequencesPerEpoch; i++)
                {
                    TokenBatch tokens = stream.Read(i / batch);
                    int row = (int)(i % batch);
                    seen[i / stream.SequencesPerEpoch].Add(Key(tokens.Tokens.AsSpan(row * (length + 1), length + 1)));
                }

                IEnumerable<string> all = Enumerable.Range(0, (text.Length - 1) / length)
                    .Select(s => Key([.. text.AsSpan(s * length, length + 1).ToArray().Select(b => (long)b)]))
                    .Order(StringComparer.Ordinal);
                Assert.Equal(all, seen[0].Order(StringComparer.Ordinal));
                Assert.Equal(all, seen[1].Order(StringComparer.Ordinal));
            },
            iter: 20,
            threads: 1);
    }

    [Fact]
    public void Resumed_is_uninterrupted_and_equal_seeds_see_equal_batches()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Numbered(folder, 100);
        var whole = new TokenStream(packed, 16, 4, 7);
        TokenBatch[] batches = [.. Enumerable.Range(0, 60).Select(s => whole.Read(s))];

        using PackedCorpus reopened = Numbered(folder, 100);
        var resumed = new TokenStream(reopened, 16, 4, 7);
        for (int step = 59; step >= 25; step--)
        {
            TokenBatch batch = resumed.Read(step);
            Assert.Equal(batches[step].Tokens, batch.Tokens);
            Assert.Equal(batches[step].Domains, batch.Domains);
        }

        Assert.NotEqual(batches[0].Tokens, new TokenStream(packed, 16, 4, 8).Read(0).Tokens);
        Assert.NotEqual(batches[0].Tokens, batches[1].Tokens);
    }

    [Fact]
    public void Shapes_and_epochs_are_as_stated()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Numbered(folder, 100);
        var stream = new TokenStream(packed, 16, 4, 7);
        TokenBatch batch = stream.Read(3);
        Assert.Equal(4, batch.Rows);
        Assert.Equal(16, batch.SequenceLength);
        Assert.Equal(4 * 17, batch.Tokens.Length);
        Assert.Equal((packed.TrainTokens - 1) / 16, stream.SequencesPerEpoch);
        Assert.Equal(1, stream.Epochs(stream.SequencesPerEpoch) / stream.BatchSize, 12);
    }

    [Fact]
    public void A_row_has_the_domain_of_most_of_its_tokens()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Reading.Pack(
            new ListCorpus(("a", new string('a', 19)), ("b", "b"), ("c", new string('c', 7)), ("a", new string('a', 3)), ("c", new string('c', 30))),
            folder.Cache,
            new CorpusSplit { HeldOutShare = 0 });
        var stream = new TokenStream(packed, 9, 1, 3);
        for (long i = 0; i < stream.SequencesPerEpoch; i++)
        {
            TokenBatch row = stream.Read(i);
            // Ends of documents count for the document that they end; the widths are odd enough that no tie turns on them.
            char most = row.Tokens.Where(t => t != 0).GroupBy(t => t).MaxBy(g => g.Count())!.Key is long t ? (char)t : ' ';
            Assert.Equal(most.ToString(), packed.Domains[row.Domains[0]]);
        }
    }

    [Fact]
    public void Text_shorter_than_a_sequence_and_sizes_below_one_are_refused()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Reading.Pack(new ListCorpus(("a", "12345")), folder.Cache, new CorpusSplit { HeldOutShare = 0 });
        Assert.Equal(1, new TokenStream(packed, 5, 1, 0).SequencesPerEpoch);
        Assert.Contains("has 6 tokens, fewer than the 7 of one sequence", Assert.Throws<CorpusException>(() => new TokenStream(packed, 6, 1, 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ConfigurationException>(() => new TokenStream(packed, 0, 1, 0));
        Assert.Throws<ConfigurationException>(() => new TokenStream(packed, 1, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenStream(packed, 1, 1, 0).Read(-1));
    }

    [Fact]
    public void Reading_keeps_nothing()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Numbered(folder, 100);
        var stream = new TokenStream(packed, 32, 4, 1);
        stream.Read(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            stream.Read(i);
        }

        // A batch allocates its own arrays and little else.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 4 * 33 * 8, (4 * 33 * 8) + 1500);
    }

    internal static PackedCorpus Numbered(TemporaryFolder folder, int documents) =>
        Reading.Pack(ListCorpus.Numbered(documents), folder.Cache, new CorpusSplit { HeldOutShare = 0.2 });

    private static string Key(ReadOnlySpan<long> tokens) => string.Join(',', tokens.ToArray());
}
