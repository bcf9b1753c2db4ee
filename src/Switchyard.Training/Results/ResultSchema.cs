using System.Text.Json;

namespace Switchyard.Training.Results;

/// <summary>The <c>schema</c> of a result file.</summary>
public static class ResultSchema
{
    /// <summary>The schema that a file names; null where it names none.</summary>
    /// <exception cref="ResultFormatException">The file is not JSON.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string? Of(string path)
    {
        try
        {
            return Of(File.ReadAllBytes(path));
        }
        catch (JsonException error)
        {
            throw new ResultFormatException($"'{path}' is not JSON: {error.Message}", error);
        }
    }

    /// <summary>Refuses another schema before its properties are read, so that the message names the schema and not a missing property.</summary>
    internal static void Require(ReadOnlyMemory<byte> json, string expected, string verb, string where)
    {
        string? schema = Of(json);
        if (!string.Equals(schema, expected, StringComparison.Ordinal))
        {
            string found = schema is null ? "no \"schema\"" : $"the schema \"{schema}\"";
            throw new ResultFormatException($"{where} has {found}; expected \"{expected}\", as `{verb} --json FILE` writes it");
        }
    }

    private static string? Of(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("schema", out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
    }
}
