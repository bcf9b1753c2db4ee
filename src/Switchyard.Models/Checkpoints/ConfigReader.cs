using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Models.Files;

namespace Switchyard.Models.Checkpoints;

/// <summary>Reads keys of a JSON file such as <c>config.json</c>, or of an object in it; one that is missing or of another kind is an error that names file and key.</summary>
internal sealed class ConfigReader
{
    private const long LongestFile = 16 << 20;
    private readonly string _prefix;
    private readonly JsonElement _root;

    public ConfigReader(string path)
    {
        Path = path;
        _prefix = string.Empty;
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LongestFile } file)
            {
                throw Error($"has {file.Length} bytes; at most {LongestFile} are read");
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            _root = document.RootElement.Clone();
            CheckText(_root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointFormatException(path, null, $"cannot be read: {e.Message} Is it the folder of a model?", e);
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(path, null, $"is not JSON in which every key stands once: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointFormatException(path, null, "holds a string that is no text: half of a surrogate pair, or bytes that are not UTF-8", e);
        }

        if (_root.ValueKind != JsonValueKind.Object)
        {
            throw Error("holds no object");
        }
    }

    private ConfigReader(string path, string prefix, JsonElement root) => (Path, _prefix, _root) = (path, prefix, root);

    public string Path { get; }

    /// <summary>The whole object, to be written again.</summary>
    public JsonObject ToJson() => JsonObject.Create(_root.Clone())!;

    public bool Has(string key) => _root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public int Int(string key) => Required(key) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int number) ? number : throw Wrong(key, "a whole number");

    /// <summary>A number that the architecture itself fixes where the file, as older ones, does not have it.</summary>
    public int Int(string key, int otherwise) => Has(key) ? Int(key) : otherwise;

    public double Double(string key) => Required(key) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : throw Wrong(key, "a number");

    public double Double(string key, double otherwise) => Has(key) ? Double(key) : otherwise;

    public bool Bool(string key) => Required(key).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, "true or false"),
    };

    public bool Bool(string key, bool otherwise) => Has(key) ? Bool(key) : otherwise;

    public string Text(string key) => Required(key) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Wrong(key, "a string");

    /// <summary>A list of whole numbers; empty where the key is missing.</summary>
    public IReadOnlyList<int> Ints(string key) => [.. Elements(key).Select(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out int number) ? number : throw Wrong(key, "an array of whole numbers"))];

    /// <summary>A list of strings; empty where the key is missing.</summary>
    public IReadOnlyList<string> Texts(string key) => [.. Elements(key).Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : throw Wrong(key, "an array of strings"))];

    /// <summary>A whole number or a list of them; empty where the key is missing.</summary>
    public IReadOnlyList<int> IntOrInts(string key) => Has(key) && _root.GetProperty(key).ValueKind == JsonValueKind.Number ? [Int(key)] : Ints(key);

    /// <summary>The object under a key.</summary>
    public ConfigReader Section(string key) => Required(key) is { ValueKind: JsonValueKind.Object } value ? new ConfigReader(Path, $"{_prefix}{key}.", value) : throw Wrong(key, "an object");

    public T Section<T>(string key, JsonSerializerOptions options)
    {
        try
        {
            return Required(key).Deserialize<T>(options) ?? throw Wrong(key, "an object");
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(Path, null, $"'{_prefix}{key}': {e.Message}", e);
        }
    }

    /// <summary>Refuses what the file asks for and is not computed.</summary>
    public void Refuse(bool condition, string reason)
    {
        if (condition)
        {
            throw Error(reason);
        }
    }

    public CheckpointFormatException Error(string reason, Exception? inner = null) => new(Path, null, reason, inner);

    /// <summary>Strings are turned into text only when they are asked for: ask for all of them once.</summary>
    private static void CheckText(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                _ = property.Name;
                CheckText(property.Value);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                CheckText(item);
            }
        }
        else if (element.ValueKind == JsonValueKind.String)
        {
            _ = element.GetString();
        }
    }

    private IEnumerable<JsonElement> Elements(string key) =>
        !Has(key) ? [] : _root.GetProperty(key) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : throw Wrong(key, "an array");

    private JsonElement Required(string key) => Has(key) ? _root.GetProperty(key) : throw Error($"the key '{_prefix}{key}' is missing");

    private CheckpointFormatException Wrong(string key, string expected) => Error($"'{_prefix}{key}' is {_root.GetProperty(key).GetRawText()}; it must be {expected}");
}
