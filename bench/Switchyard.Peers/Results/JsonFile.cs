using System.Text.Json;
using System.Text.Json.Serialization;

namespace Switchyard.Peers.Results;

/// <summary>What <c>--json</c> writes.</summary>
internal static class JsonFile
{
    /// <summary>How values become JSON.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes a value to a file; null for nowhere.</summary>
    public static void Write<T>(string? path, T value)
    {
        if (path is not null)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(value, Options) + "\n");
        }
    }
}
