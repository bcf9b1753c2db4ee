namespace Switchyard.Training.Corpora;

/// <summary>A source of text, read as a stream of documents in an order that is the same each time.</summary>
public interface ICorpus
{
    /// <summary>What it is, for a reader.</summary>
    string Name { get; }

    /// <summary>Where it is read.</summary>
    string Path { get; }

    /// <summary>How its files become documents, with a number that rises when that changes: part of the key of a <see cref="PackedCorpus"/>.</summary>
    string Format { get; }

    /// <summary>The files it is read from, in reading order.</summary>
    IReadOnlyList<string> Files { get; }

    /// <summary>Reads the documents one after another; no more than one document and a read buffer are held.</summary>
    /// <exception cref="CorpusException">A file is missing, unreadable or not in its format.</exception>
    IEnumerable<Document> Read(CancellationToken cancellationToken = default);
}
