using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Models.Checkpoints;

/// <summary>Reads keys of a <c>config.json</c>; one that is missing or of another kind is an error that names file and key.</summary>
internal sealed class ConfigReader
{
    private readonly string _path;
    private readonly JsonElement _root;

    public ConfigReader(string path)
    {
        _path = path;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            _root = document.RootElement.Clone();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointFormatException(path, null, $"cannot be read: {e.Message} Is it the folder of a model?", e);
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(path, null, $"is not JSON: {e.Message}", e);
        }

        if (_root.ValueKind != JsonValueKind.Object)
        {
            throw Error("holds no object");
        }
    }

    public bool Has(string key) => _root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public int Int(string key) => Required(key) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int number) ? number : throw Wrong(key, "a whole number");

    public double Double(string key) => Required(key) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : throw Wrong(key, "a number");

    public bool Bool(string key) => Required(key).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, "true or false"),
    };

    public string Text(string key) => Required(key) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Wrong(key, "a string");

    /// <summary>Whether an array has elements.</summary>
    public bool HasElements(string key) => Has(key) && _root.GetProperty(key) is not { ValueKind: JsonValueKind.Array } value ? throw Wrong(key, "an array") : Has(key) && _root.GetProperty(key).GetArrayLength() > 0;

    public T Section<T>(string key, JsonSerializerOptions options)
    {
        try
        {
            return Required(key).Deserialize<T>(options) ?? throw Wrong(key, "an object");
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(_path, null, $"'{key}': {e.Message}", e);
        }
    }

    public CheckpointFormatException Error(string reason, Exception? inner = null) => new(_path, null, reason, inner);

    private JsonElement Required(string key) => Has(key) ? _root.GetProperty(key) : throw Error($"the key '{key}' is missing");

    private CheckpointFormatException Wrong(string key, string expected) => Error($"'{key}' is {_root.GetProperty(key).GetRawText()}; it must be {expected}");
}
