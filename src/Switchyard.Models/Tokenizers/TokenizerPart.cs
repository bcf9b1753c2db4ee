using System.Text;
using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tokenizers;

/// <summary>An object of a <c>tokenizer.json</c> that describes one step; what its parameters may be is asked for key by key.</summary>
internal sealed class TokenizerPart(string path, string name, JsonElement element)
{
    private const int LongestText = 256;
    private static readonly string[] Behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

    /// <summary>Steps at a character of the text that its patterns take.</summary>
    public int Steps { get; private set; }

    public CheckpointFormatException Error(string reason) => new(path, null, $"{name}: {reason}");

    /// <summary>Refuses keys beside these, which the engine may one day know.</summary>
    public void Only(params ReadOnlySpan<string> keys)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Name is not "type" && !keys.Contains(property.Name))
            {
                throw Error($"the key '{property.Name}' is unknown");
            }
        }
    }

    /// <summary>Keys that are true, false or null.</summary>
    public void Flags(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            _ = Flag(key);
        }
    }

    public bool Flag(string key) => Value(key) is not { } value ? false : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, value, "true or false"),
    };

    /// <summary>UTF-8 bytes of a string of <paramref name="least"/> characters or more; 0 where it is missing and <paramref name="optional"/>.</summary>
    public int Text(string key, int least = 1, bool optional = false, JsonElement? within = null)
    {
        JsonElement? found = within is { } parent ? Found(parent, key) : Value(key);
        if (found is not { } value)
        {
            return optional ? 0 : throw Error($"'{key}' is missing");
        }

        return value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Length >= least && text.Length <= LongestText
            ? Encoding.UTF8.GetByteCount(text)
            : throw Wrong(key, value, $"a string of {least} to {LongestText} characters");
    }

    /// <summary>UTF-8 bytes of a single character.</summary>
    public int Character(string key) =>
        Value(key) is { ValueKind: JsonValueKind.String } value && value.GetString()!.EnumerateRunes().Count() == 1
            ? Encoding.UTF8.GetByteCount(value.GetString()!)
            : throw Error($"'{key}' must be a single character");

    public void Number(string key, int least, int most, bool optional = false)
    {
        if (Value(key) is not { } value ? !optional : !(value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= most))
        {
            throw Error($"'{key}' must be a whole number from {least} to {most}");
        }
    }

    public void OneOf(string key, bool optional, params ReadOnlySpan<string> words)
    {
        if (Value(key) is not { } value ? !optional : !(value.ValueKind == JsonValueKind.String && words.Contains(value.GetString())))
        {
            throw Error($"'{key}' must be one of {string.Join(", ", words)}");
        }
    }

    public void Behavior(bool optional = false) => OneOf("behavior", optional, Behaviors);

    /// <summary>The fewest bytes that a pattern matches.</summary>
    public int Pattern()
    {
        if (Value("pattern") is not { ValueKind: JsonValueKind.Object } pattern || pattern.GetPropertyCount() != 1)
        {
            throw Error("'pattern' must be an object with String or Regex");
        }

        if (Found(pattern, "String") is not null)
        {
            return Text("String", within: pattern);
        }

        if (Found(pattern, "Regex") is not { ValueKind: JsonValueKind.String } regex)
        {
            throw Error("'pattern' must be an object with String or Regex");
        }

        if (!SafePattern.Allows(regex.GetString()!, out int steps, out string reason))
        {
            throw Error($"the regular expression {Short(regex)} {reason}; docs/tokenizers.md says which are run");
        }

        Steps += steps;
        return 1;
    }

    /// <summary>A token and its id, as <c>["[SEP]", 102]</c>.</summary>
    public void TokenAndId(string key, Func<JsonElement, bool> isId)
    {
        if (Value(key) is not { ValueKind: JsonValueKind.Array } pair || pair.GetArrayLength() != 2 || pair[0].ValueKind != JsonValueKind.String || !isId(pair[1]))
        {
            throw Error($"'{key}' must be a token and its id");
        }
    }

    private JsonElement? Value(string key) => Found(element, key);

    private static JsonElement? Found(JsonElement parent, string key) =>
        parent.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private CheckpointFormatException Wrong(string key, JsonElement value, string expected) => Error($"'{key}' is {Short(value)}; it must be {expected}");

    private static string Short(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length > 80 ? $"{text[..80]}…" : text;
    }
}
