namespace Switchyard.Training.Corpora;

/// <summary>Opens a corpus by what it is given.</summary>
public static class Corpus
{
    /// <summary>The name that stands for the running SDK's own documentation.</summary>
    public const string SdkDocumentation = "sdk-docs";

    /// <summary>
    /// Nothing or <c>sdk-docs</c> is <see cref="SdkDocumentationCorpus"/>; a <c>.jsonl</c> or <c>.ndjson</c> file, or a folder that holds nothing else,
    /// is <see cref="JsonLinesCorpus"/>; any other file or folder is <see cref="TextCorpus"/>.
    /// </summary>
    /// <exception cref="CorpusException">There is no such file or folder, it is empty, or the SDK's documentation is not found.</exception>
    public static ICorpus Open(string? path = null)
    {
        if (path is null or SdkDocumentation)
        {
            return SdkDocumentationCorpus.Find();
        }

        IReadOnlyList<string> files = CorpusFiles.List(path);
        return files.All(CorpusFiles.IsJsonLines) ? new JsonLinesCorpus(path) : new TextCorpus(path);
    }
}
