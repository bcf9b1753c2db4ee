using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

/// <summary>Documents from memory.</summary>
internal sealed class ListCorpus(params (string Domain, string Text)[] documents) : ICorpus
{
    public string Name => "list";

    public string Path => "list";

    public string Format { get; init; } = "list/1";

    public IReadOnlyList<string> Files { get; init; } = [];

    public int Readings { get; private set; }

    public static ListCorpus Numbered(int count, int domains = 3, int repeat = 8) =>
        new([.. Enumerable.Range(0, count).Select(i => ($"d{i % domains}", string.Concat(Enumerable.Repeat($"doc{i} ", repeat))))]);

    public IEnumerable<Document> Read(CancellationToken cancellationToken = default)
    {
        Readings++;
        foreach ((string domain, string text) in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new Document(text, domain, text);
        }
    }
}
