using Switchyard.Training.Corpora;

namespace Switchyard.Training.Profiles;

/// <summary>Reads text as it is, nothing held out: a text file is one document, however long; other corpora have documents of their own.</summary>
internal static class TextDocuments
{
    private const int PieceLength = 1 << 14;

    /// <summary>The documents in the corpus's order.</summary>
    /// <exception cref="CorpusException">A file is missing, unreadable or not in its format.</exception>
    public static IEnumerable<TextDocument> Read(ICorpus corpus, CancellationToken cancellation) => corpus is TextCorpus text
        ? text.Files.Select(file => new TextDocument(text.DomainOf(file), file, Pieces(file)))
        : corpus.Read(cancellation).Select(d => new TextDocument(d.Domain, d.Id, [d.Text]));

    private static IEnumerable<string> Pieces(string file)
    {
        using Utf8TextReader reader = new(file);
        char[] buffer = new char[PieceLength];
        while (reader.Read(buffer) is > 0 and int read)
        {
            yield return new string(buffer, 0, read);
        }
    }
}
