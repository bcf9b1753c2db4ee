using System.Text.Json;
using System.Text.Unicode;

namespace Switchyard.Training.Corpora;

/// <summary>
/// JSON Lines: a document a line, an object with the string <c>text</c> and, if wanted, the string <c>domain</c> (else the file's name without extension);
/// other fields are passed over. Blank lines are skipped. A line has at most 16 MiB.
/// </summary>
public sealed class JsonLinesCorpus : ICorpus
{
    private const int LongestLine = 1 << 24;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Opens a file, or every file of a folder.</summary>
    /// <exception cref="CorpusException">It does not exist or is empty.</exception>
    public JsonLinesCorpus(string path)
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
    public string Format => "json-lines/1";

    /// <inheritdoc/>
    public IReadOnlyList<string> Files { get; }

    /// <inheritdoc/>
    public IEnumerable<Document> Read(CancellationToken cancellationToken = default)
    {
        foreach (string file in Files)
        {
            string domain = System.IO.Path.GetFileNameWithoutExtension(file);
            using var lines = new JsonLinesReader(file, LongestLine);
            while (lines.TryRead(out ReadOnlyMemory<byte> line))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!line.Span.ContainsAnyExcept(" \t\r"u8))
                {
                    continue;
                }

                Document document = Parse(line, $"{file}:{lines.Line}", domain);
                if (!string.IsNullOrWhiteSpace(document.Text))
                {
                    yield return document;
                }
            }
        }
    }

    private static Document Parse(ReadOnlyMemory<byte> line, string place, string domain)
    {
        if (!Utf8.IsValid(line.Span))
        {
            throw new CorpusException($"'{place}' is not valid UTF-8.");
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(line, Strict);
            JsonElement root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new CorpusException($"'{place}' holds {Describe(root)}; expected an object such as {{\"text\": \"...\", \"domain\": \"...\"}}.");
            }

            if (!root.TryGetProperty("text", out JsonElement text))
            {
                throw new CorpusException($"'{place}' has no field \"text\".");
            }

            return new Document(String(text, "text"), root.TryGetProperty("domain", out JsonElement named) && named.ValueKind != JsonValueKind.Null ? String(named, "domain") : domain, place);
        }
        catch (JsonException e)
        {
            throw new CorpusException($"'{place}' is not valid JSON: {e.Message}", e);
        }

        string String(JsonElement element, string field)
        {
            try
            {
                return element.ValueKind == JsonValueKind.String
                    ? element.GetString()!
                    : throw new CorpusException($"'{place}': \"{field}\" is {Describe(element)}; expected a string.");
            }
            catch (InvalidOperationException e)
            {
                throw new CorpusException($"'{place}': \"{field}\" holds half of a surrogate pair, which is not text.", e);
            }
        }
    }

    private static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
