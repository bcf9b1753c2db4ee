using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

/// <summary>Tests of what the whole process holds: they run alone.</summary>
[Collection(nameof(BoundedMemoryTests))]
[CollectionDefinition(nameof(BoundedMemoryTests), DisableParallelization = true)]
public sealed class BoundedMemoryTests
{
    [Fact]
    public void A_file_of_one_endless_line_is_read_in_bounded_memory()
    {
        using var folder = new TemporaryFolder();
        string path = System.IO.Path.Combine(folder.Path, "large.txt");
        using (FileStream file = File.Create(path))
        {
            byte[] block = Enumerable.Repeat((byte)'x', 1 << 20).ToArray();
            for (int i = 0; i < 64; i++)
            {
                file.Write(block);
            }
        }

        long most = 0;
        long characters = 0;
        long start = GC.GetTotalMemory(forceFullCollection: true);
        foreach (Document document in new TextCorpus(path).Documents())
        {
            characters += document.Text.Length;
            if (characters % (1 << 23) < document.Text.Length)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - start);
            }
        }

        Assert.Equal(64L << 20, characters);
        Assert.InRange(most, long.MinValue, 8 << 20);
    }

    [Fact]
    public void A_corpus_far_larger_than_what_is_held_is_packed_and_read_in_bounded_memory()
    {
        using var folder = new TemporaryFolder();
        long most = 0;
        long start = GC.GetTotalMemory(forceFullCollection: true);
        long next = 0;
        var progress = new Progress(tokens =>
        {
            if (tokens >= next)
            {
                next = tokens + (8 << 20);
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - start);
            }
        });
        using PackedCorpus large = Reading.Pack(new EndlessCorpus(new string('x', 16_000), 4000), folder.Cache, progress: progress);
        Assert.True(large.TrainTokens + large.HeldOutTokens > 60_000_000);
        Assert.InRange(most, 0, 8 << 20);
    }

    private sealed class Progress(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }

    private sealed class EndlessCorpus(string text, int count) : ICorpus
    {
        public string Name => "endless";

        public string Path => "endless";

        public string Format => "endless/1";

        public IReadOnlyList<string> Files => [];

        public IEnumerable<Document> Read(CancellationToken cancellationToken = default)
        {
            for (int i = 0; i < count; i++)
            {
                yield return new Document(i + text, "d", "");
            }
        }
    }
}
