using CsCheck;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class HeldOutSequencesTests
{
    [Fact]
    public void No_token_is_predicted_twice_and_a_sequence_holds_one_domain_or_says_that_it_does_not()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Letters(folder);
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 7]).Sample(
            (length, batch) =>
            {
                var sequences = new HeldOutSequences(packed, length);
                TokenBatch[] batches = [.. sequences.Batches(batch)];
                Assert.Equal(sequences.Count, batches.Sum(b => b.Rows));
                long[] predicted = new long[256];
                foreach (TokenBatch tokens in batches)
                {
                    for (int row = 0; row < tokens.Rows; row++)
                    {
                        long[] sequence = tokens.Tokens[(row * (length + 1))..((row + 1) * (length + 1))];
                        int[] letters = [.. sequence.Where(t => t != 0).Select(t => (int)t - 'a').Distinct()];
                        if (tokens.Domains[row] >= 0)
                        {
                            Assert.True(letters.Length == 0 || letters is [int one] && one == tokens.Domains[row]);
                        }

                        foreach (long token in sequence[1..])
                        {
                            predicted[token]++;
                        }
                    }
                }

                byte[] text = PackedCorpusTests.HeldOut(packed);
                Assert.All(Enumerable.Range(0, 256), b => Assert.InRange(predicted[b], 0, text.Count(t => t == b)));

                // Every domain's first token (or the first of all rests) and fewer than N at the end are all that is missing.
                Assert.InRange(text.Length - predicted.Sum(), 1, packed.Domains.Count + length);
            },
            iter: 40,
            threads: 1);
    }

    [Fact]
    public void Sequences_come_in_order_of_domain_and_mixed_ones_last()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Letters(folder);
        int[] domains = [.. new HeldOutSequences(packed, 20).Batches(3).SelectMany(b => b.Domains)];
        int whole = domains.Count(d => d >= 0);
        Assert.Equal(domains[..whole].Order(), domains[..whole]);
        Assert.NotEmpty(domains[whole..]);
        Assert.All(domains[whole..], d => Assert.Equal(-1, d));
    }

    [Fact]
    public void A_selection_is_spread_evenly_and_always_the_same()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Letters(folder);
        var sequences = new HeldOutSequences(packed, 4);
        TokenBatch all = Assert.Single(sequences.Batches(10_000));
        TokenBatch some = Assert.Single(sequences.Batches(10_000, 10));
        Assert.Equal(10, some.Rows);
        for (int i = 0; i < 10; i++)
        {
            int from = (int)(i * sequences.Count / 10);
            Assert.Equal(all.Tokens[(from * 5)..((from + 1) * 5)], some.Tokens[(i * 5)..((i + 1) * 5)]);
            Assert.Equal(all.Domains[from], some.Domains[i]);
        }

        Assert.Equal(some.Tokens, sequences.Batches(3, 10).SelectMany(b => b.Tokens));
    }

    [Fact]
    public void Too_little_text_and_sizes_below_one_are_refused()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus none = Reading.Pack(ListCorpus.Numbered(3), folder.Cache, new CorpusSplit { HeldOutShare = 0 });
        Assert.Contains("has 0 tokens in 0 documents", Assert.Throws<CorpusException>(() => new HeldOutSequences(none, 1)).Message, StringComparison.Ordinal);
        using PackedCorpus some = Letters(folder);
        Assert.Throws<CorpusException>(() => new HeldOutSequences(some, 1_000_000));
        Assert.Throws<ConfigurationException>(() => new HeldOutSequences(some, 0));
        Assert.Throws<ConfigurationException>(() => new HeldOutSequences(some, 1).Batches(0));
        Assert.Throws<ConfigurationException>(() => new HeldOutSequences(some, 1).Batches(1, 0));
    }

    /// <summary>Domains whose text is their own letter, of various lengths.</summary>
    private static PackedCorpus Letters(TemporaryFolder folder) =>
        Reading.Pack(
            new ListCorpus([.. Enumerable.Range(0, 200).Select(i => (((char)('a' + (i % 6))).ToString(), new string((char)('a' + (i % 6)), 1 + (i * i % 37) + i)))]),
            folder.Cache,
            new CorpusSplit { HeldOutShare = 0.3 });
}
