using CsCheck;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;

namespace Switchyard.Training.Tests.Profiles;

public sealed class TextWindowTests
{
    private static readonly Gen<(int Length, int Context, int Stride)> Cases =
        Gen.Select(Gen.Int[0, 70], Gen.Int[2, 20], (length, context) => (length, context))
            .SelectMany(c => Gen.Int[1, c.context].Select(stride => (c.length, c.context, stride)));

    [Fact]
    public void Every_token_is_fresh_once_and_every_target_scored_at_most_once() => Cases.Sample(c =>
    {
        int[] fresh = new int[c.Length];
        int[] scored = new int[c.Length];
        foreach (TextWindow window in Windows(c))
        {
            Assert.Equal(Enumerable.Range((int)window.Begin, window.Tokens.Length), window.Tokens);
            Assert.Equal(0, window.Begin % c.Stride);
            foreach (int token in window.Tokens.Skip(window.Tokens.Length - window.Fresh))
            {
                fresh[token]++;
            }

            foreach (int token in window.Tokens.Skip(window.FirstTarget))
            {
                scored[token]++;
            }
        }

        Assert.All(fresh, n => Assert.Equal(1, n));
        for (int t = 0; t < c.Length; t++)
        {
            // A token is no target only where it begins a window and no earlier window holds it.
            bool begins = t == 0 || (c.Stride == c.Context && t % c.Stride == 0);
            Assert.Equal(begins ? 0 : 1, scored[t]);
        }
    });

    [Fact]
    public void No_window_is_longer_than_the_context_and_only_the_last_is_shorter() => Cases.Sample(c =>
    {
        TextWindow[] windows = [.. Windows(c)];
        Assert.All(windows.SkipLast(1), w => Assert.Equal(c.Context, w.Tokens.Length));
        Assert.All(windows, w => Assert.InRange(w.Tokens.Length, 1, c.Context));
    });

    [Fact]
    public void Batches_hold_windows_of_one_kind_in_their_order()
    {
        TextWindow[] windows = [.. Windows((1000, 16, 8)), .. Windows((100, 16, 8)), .. Windows((5, 16, 8))];
        WindowBatch[] batches = [.. WindowBatch.Join(windows, 256)];
        Assert.Equal(windows, batches.SelectMany(b => b.Windows));
        Assert.All(batches, b => Assert.All(b.Windows, w => Assert.Equal((b.Length, b.Fresh), (w.Tokens.Length, w.Fresh))));
        Assert.Contains(batches, b => b.Windows.Count > 10);
    }

    [Theory]
    [InlineData(300, new[] { 100L, 100, 100 })]
    [InlineData(100, new[] { 34L, 33, 33 })]
    [InlineData(5, new[] { 2L, 2, 1 })]
    [InlineData(2, new[] { 2L })]
    [InlineData(100_000, new[] { 500L, 500, 500 })]
    public void Domains_of_files_share_a_limit_of_tokens(long most, long[] expected) =>
        Assert.Equal(expected, TokensByDomain(most, ("a.txt", 500), ("b/1.txt", 250), ("b/2.txt", 250), ("c.txt", 500)));

    [Fact]
    public void What_a_short_domain_leaves_goes_to_those_after_it() =>
        Assert.Equal([10L, 145, 145], TokensByDomain(300, ("a.txt", 10), ("b/1.txt", 250), ("b/2.txt", 250), ("c.txt", 500)));

    [Fact]
    public void JSON_Lines_are_read_from_their_beginning()
    {
        string folder = Directory.CreateTempSubdirectory("switchyard-test-").FullName;
        try
        {
            string file = Path.Combine(folder, "text.jsonl");
            File.WriteAllLines(file, [$$"""{"text":"{{new string('x', 90)}}","domain":"a"}""", $$"""{"text":"{{new string('y', 90)}}","domain":"b"}"""]);
            Assert.Equal([90L, 10], TokensByDomain(100, new JsonLinesCorpus(file)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static long[] TokensByDomain(long most, params (string Name, int Bytes)[] files)
    {
        string folder = Directory.CreateTempSubdirectory("switchyard-test-").FullName;
        try
        {
            foreach ((string name, int bytes) in files)
            {
                string path = Path.Combine(folder, name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, new string('x', bytes));
            }

            return TokensByDomain(most, new TextCorpus(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static long[] TokensByDomain(long most, ICorpus corpus)
    {
        using ByteTokenizer tokenizer = new();
        TextWindows windows = new(corpus, tokenizer, new TextOptions { Context = 16, Stride = 16, MaxTokens = most }, 256);
        TextWindow[] all = [.. windows.Read(CancellationToken.None)];
        Assert.Equal(all.Sum(w => (long)w.Tokens.Length), windows.Tokens);
        return [.. all.GroupBy(w => w.Domain).OrderBy(g => g.Key).Select(g => g.Sum(w => (long)w.Tokens.Length))];
    }

    private static IEnumerable<TextWindow> Windows((int Length, int Context, int Stride) c) =>
        TextWindow.Cut(0, 0, Enumerable.Range(0, c.Length), c.Context, c.Stride);
}
