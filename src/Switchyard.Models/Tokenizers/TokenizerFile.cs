using System.Text;
using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tokenizers;

/// <summary>The content of a <c>tokenizer.json</c>, checked: what of it would make the native engine end the process is refused here.</summary>
internal sealed class TokenizerFile
{
    public const string Name = "tokenizer.json";
    private const long LongestFile = 256 << 20;
    private readonly JsonElement _root;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<int, string> _tokens;
    private readonly HashSet<int> _special;
    private readonly HashSet<string> _added;
    private readonly bool _ofBytes;

    private TokenizerFile(string path, JsonElement root, Dictionary<string, int> ids, HashSet<int> special)
    {
        Path = path;
        _root = root;
        _ids = ids;
        _special = special;
        _tokens = new Dictionary<int, string>(ids.Count);
        foreach ((string token, int id) in ids)
        {
            _tokens[id] = token;
        }

        VocabularySize = _tokens.Keys.Max() + 1;
        _added = [.. Added(root)];
        _ofBytes = root.TryGetProperty("decoder", out JsonElement decoder) && DecodesBytes(decoder);
    }

    public string Path { get; }

    public int VocabularySize { get; }

    public int? IdOf(string token) => _ids.TryGetValue(token, out int id) ? id : null;

    public string? TokenOf(int id) => _tokens.GetValueOrDefault(id);

    /// <summary>Bytes of a token where each of its characters is a byte, and of an added token, which stands for itself; null in other vocabularies.</summary>
    public int? BytesOf(int id) =>
        !_ofBytes || TokenOf(id) is not { } token ? null
        : _added.Contains(token) ? Encoding.UTF8.GetByteCount(token)
        : token.Length;

    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="CheckpointFormatException">The file is missing, is not JSON, or does not describe a tokenizer.</exception>
    public static TokenizerFile Read(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LongestFile } file)
            {
                throw new CheckpointFormatException(path, null, $"has {file.Length} bytes; at most {LongestFile} are read");
            }

            JsonElement root;
            using (JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false }))
            {
                root = document.RootElement.Clone();
            }

            TokenizerCheck check = new(path);
            Dictionary<string, int> ids = check.Model(check.Object(root, "model"));
            HashSet<int> special = check.AddedTokens(root, ids);
            new TokenizerParts(check, ids).Check(root);
            return ids.Count > 0 ? new TokenizerFile(path, root, ids, special) : throw check.Error("its vocabulary is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointFormatException(path, null, $"cannot be read: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(path, null, $"is not JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointFormatException(path, null, $"holds a string that is not text: {e.Message}", e);
        }
    }

    /// <summary>Writes the file as the engine is to read it: it neither cuts nor fills up, and where <paramref name="plain"/> it adds no special tokens and keeps those that it decodes.</summary>
    public void WriteFor(string path, bool plain)
    {
        using FileStream file = File.Create(path);
        using Utf8JsonWriter writer = new(file, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        foreach (JsonProperty property in _root.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            if (property.Name is "truncation" or "padding" || (plain && property.Name is "post_processor"))
            {
                writer.WriteNullValue();
            }
            else if (plain && property.Name is "added_tokens" && property.Value.ValueKind == JsonValueKind.Array)
            {
                WriteOrdinary(writer, property.Value);
            }
            else
            {
                property.Value.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    private static IEnumerable<string> Added(JsonElement root) =>
        root.TryGetProperty("added_tokens", out JsonElement tokens) && tokens.ValueKind == JsonValueKind.Array
            ? tokens.EnumerateArray().Select(t => t.GetProperty("content").GetString()!)
            : [];

    private static bool DecodesBytes(JsonElement decoder) =>
        decoder.ValueKind == JsonValueKind.Object && decoder.TryGetProperty("type", out JsonElement type)
        && (type.ValueEquals("ByteLevel")
            || (type.ValueEquals("Sequence") && decoder.TryGetProperty("decoders", out JsonElement parts) && parts.EnumerateArray().Any(DecodesBytes)));

    private static void WriteOrdinary(Utf8JsonWriter writer, JsonElement addedTokens)
    {
        writer.WriteStartArray();
        foreach (JsonElement token in addedTokens.EnumerateArray())
        {
            writer.WriteStartObject();
            foreach (JsonProperty property in token.EnumerateObject())
            {
                if (property.Name is "special")
                {
                    writer.WriteBoolean(property.Name, false);
                }
                else
                {
                    property.WriteTo(writer);
                }
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
