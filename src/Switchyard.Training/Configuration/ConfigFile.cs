using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Switchyard.Training.Configuration;

/// <summary>Reads and writes configurations as JSON. A key that no setting has is an error that names the nearest one.</summary>
public static class ConfigFile
{
    private const int LongestShown = 40;

    /// <summary>How configurations are written: indented, camelCase, enumerations by name.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.Strict,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        PropertyNameCaseInsensitive = false,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>Reads the configuration of a run of training.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, is not JSON, or has an unknown key or a value of the wrong kind; the message names file and key.</exception>
    public static RunConfig Load(string path) => Load<RunConfig>(path);

    /// <summary>Reads a configuration file.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, is not JSON, or has an unknown key or a value of the wrong kind; the message names file and key.</exception>
    public static T Load<T>(string path)
        where T : class
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: {e.Message}", e);
        }

        return Parse<T>(text, path);
    }

    /// <summary>Reads a configuration from text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">What error messages call it.</param>
    /// <exception cref="ConfigurationException">As for <see cref="Load"/>.</exception>
    public static RunConfig Parse(string json, string source) => Parse<RunConfig>(json, source);

    /// <summary>The text of a configuration, defaults written out.</summary>
    public static string Write<T>(T config) => JsonSerializer.Serialize(config, Json);

    /// <summary>Options of a part, sizes added; null where nothing is said.</summary>
    internal static T? Settings<T>(JsonObject? settings, string section, (string Key, int Size)[] sizes)
        where T : class
    {
        if (settings is null)
        {
            return null;
        }

        JsonObject complete = (JsonObject)settings.DeepClone();
        foreach ((string key, int size) in sizes)
        {
            if (complete.ContainsKey(key))
            {
                throw new ConfigurationException($"{section}: '{key}' is what the model has; leave it out");
            }

            complete[key] = size;
        }

        using JsonDocument document = JsonDocument.Parse(complete.ToJsonString());
        return Read<T>(document.RootElement, section);
    }

    /// <summary>The settings of a part, without some keys.</summary>
    internal static JsonObject Without<T>(T settings, IEnumerable<string> keys)
    {
        JsonObject all = (JsonObject)JsonSerializer.SerializeToNode(settings, Json)!;
        foreach (string key in keys)
        {
            all.Remove(key);
        }

        return all;
    }

    private static T Parse<T>(string json, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return Read<T>(document.RootElement, source);
        }
        catch (JsonException e)
        {
            throw new ConfigurationException($"{source}: not valid JSON (line {e.LineNumber + 1}): {e.Message}", e);
        }
    }

    internal static T Read<T>(JsonElement element, string source)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            throw new ConfigurationException($"{source}: null is not a configuration");
        }

        CheckKeys(element, Json.GetTypeInfo(typeof(T)), source, string.Empty);
        try
        {
            return element.Deserialize<T>(Json)!;
        }
        catch (JsonException e)
        {
            throw new ConfigurationException($"{source}: {e.Path?.TrimStart('$', '.')}: {e.Message.Split(" Path:")[0]}", e);
        }
    }

    private static void CheckKeys(JsonElement element, JsonTypeInfo type, string source, string path)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (type.Kind != JsonTypeInfoKind.Object)
        {
            CheckValue(element, type, source, path);
            return;
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new ConfigurationException($"{source}: {(path.Length == 0 ? "the configuration" : path)} must be an object");
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string full = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            JsonPropertyInfo known = type.Properties.FirstOrDefault(p => string.Equals(p.Name, property.Name, StringComparison.Ordinal))
                ?? throw new ConfigurationException(
                    $"{source}: unknown key '{full}'; did you mean '{NearestName.Of(property.Name, type.Properties.Select(p => p.Name))}'?");
            if (!seen.Add(property.Name))
            {
                throw new ConfigurationException($"{source}: key '{full}' stands twice");
            }

            if (property.Value.ValueKind == JsonValueKind.Null && !known.IsSetNullable)
            {
                throw new ConfigurationException($"{source}: {full} is null; leave it out for its default");
            }

            CheckKeys(property.Value, Json.GetTypeInfo(known.PropertyType), source, full);
        }
    }

    private static void CheckValue(JsonElement element, JsonTypeInfo type, string source, string path)
    {
        bool isList = type.Kind == JsonTypeInfoKind.Enumerable;
        try
        {
            if (!(isList && element.ValueKind == JsonValueKind.Array && element.EnumerateArray().Any(e => e.ValueKind == JsonValueKind.Null)))
            {
                _ = element.Deserialize(type);
                return;
            }
        }
        catch (JsonException)
        {
        }

        throw new ConfigurationException($"{source}: {path} is {Shown(element)}; it must be {Expected(type.Type, isList)}");
    }

    private static string Shown(JsonElement element)
    {
        string text = element.GetRawText();
        return text.Length <= LongestShown ? text : $"{text.AsSpan(0, LongestShown)}…";
    }

    /// <summary>What a value of a type is called by those who write it.</summary>
    private static string Expected(Type type, bool isList)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.KebabCaseLower.ConvertName))}"
            : type == typeof(bool) ? "true or false"
            : type == typeof(string) ? "text in quotes"
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) || type == typeof(float) ? "a number"
            : isList ? "a list of values in quotes, without null"
            : "an object";
    }
}
