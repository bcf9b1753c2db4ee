namespace Switchyard.Training.Corpora;

/// <summary>
/// A text file, or every text file below a folder. A file of under 65,536 characters is one document; a larger one is cut into documents of
/// about 4,096 characters: at the first blank line after that, else at the first line end after 8,192, else at 16,384. The domain is the file's name,
/// or the name of the folder right below the root that holds it. Hidden files and links to folders are passed over.
/// </summary>
public sealed class TextCorpus : ICorpus
{
    private const int WholeFile = 1 << 16;
    private const int AtBlankLine = 1 << 12;
    private const int AtLineEnd = 1 << 13;
    private const int AtMost = 1 << 14;

    /// <summary>Opens a file or folder.</summary>
    /// <exception cref="CorpusException">It does not exist or is empty.</exception>
    public TextCorpus(string path)
    {
        Files = CorpusFiles.List(path);
        Path = System.IO.Path.GetFullPath(path);
        Name = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(Path));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string Format => "text/1";

    /// <inheritdoc/>
    public IReadOnlyList<string> Files { get; }

    /// <inheritdoc/>
    public IEnumerable<Document> Read(CancellationToken cancellationToken = default)
    {
        foreach (string file in Files)
        {
            string domain = DomainOf(file);
            using var reader = new Utf8TextReader(file);
            foreach (Document document in Cut(file, domain, reader))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return document;
            }
        }
    }

    /// <summary>The domain of one of the corpus's files.</summary>
    internal string DomainOf(string file)
    {
        string relative = System.IO.Path.GetRelativePath(Path, file);
        int separator = relative.AsSpan().IndexOfAny(System.IO.Path.DirectorySeparatorChar, System.IO.Path.AltDirectorySeparatorChar);
        return separator > 0 ? relative[..separator] : System.IO.Path.GetFileName(file);
    }

    private static IEnumerable<Document> Cut(string file, string domain, Utf8TextReader reader)
    {
        char[] buffer = new char[WholeFile + 1];
        int length = Fill(buffer, 0, buffer.Length);
        bool whole = length < WholeFile;
        int begin = 0;
        for (int part = 0; begin < length; part++)
        {
            int take = whole ? length : CutAt(buffer.AsSpan(begin, Math.Min(AtMost, length - begin)), last: length - begin < AtMost);
            var text = new string(buffer, begin, take);
            begin += take;
            if (!string.IsNullOrWhiteSpace(text))
            {
                yield return new Document(text, domain, whole ? file : $"{file}#{part}");
            }

            if (!whole && length - begin < AtMost)
            {
                buffer.AsSpan(begin, length - begin).CopyTo(buffer);
                length = Fill(buffer, length - begin, buffer.Length);
                begin = 0;
            }
        }

        int Fill(char[] target, int from, int to) => to - from < 2 ? from : from + reader.Read(target.AsSpan(from, to - from));
    }

    /// <summary>Where the document at the start of <paramref name="text"/> ends; <paramref name="last"/> when no text follows.</summary>
    private static int CutAt(ReadOnlySpan<char> text, bool last)
    {
        int lineEnd = -1;
        for (int from = AtBlankLine; from < text.Length;)
        {
            int newline = text[from..].IndexOf('\n');
            if (newline < 0)
            {
                break;
            }

            bool blank = text[from - 1] == '\n' && text.Slice(from, newline).IsWhiteSpace();
            from += newline + 1;
            if (blank)
            {
                return from;
            }

            if (lineEnd < 0 && from >= AtLineEnd)
            {
                lineEnd = from;
            }
        }

        if (last)
        {
            return text.Length;
        }

        if (lineEnd > 0)
        {
            return lineEnd;
        }

        return char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
    }
}
