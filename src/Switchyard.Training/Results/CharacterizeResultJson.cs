using System.Text.Json;

namespace Switchyard.Training.Results;

/// <summary>Reads and writes the JSON of <c>characterize</c>, schema <c>switchyard.characterize/1</c> (documented in <c>docs/json.md</c>). NaN and infinities are written as <c>null</c>; <c>null</c> is read back as NaN.</summary>
public static class CharacterizeResultJson
{
    /// <summary>The schema that is read and written.</summary>
    public const string Schema = "switchyard.characterize/1";

    private static readonly JsonSerializerOptions Strict = new(ResultLine.Json) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>Writes the result to a stream, as for <c>--json -</c>: one line.</summary>
    public static void Write(CharacterizeResult result, Stream stream) => ResultLine.Write(result, stream);

    /// <summary>Writes the result to a file, whole or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(CharacterizeResult result, string path) => ResultLine.Write(result, path);

    /// <summary>Reads a result from a file.</summary>
    /// <exception cref="ResultFormatException">The file is not JSON, of another schema, or lacks what the schema requires.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CharacterizeResult Read(string path)
    {
        string where = $"'{path}'";
        try
        {
            byte[] json = File.ReadAllBytes(path);
            ResultSchema.Require(json, Schema, "characterize", where);
            return JsonSerializer.Deserialize<CharacterizeResult>(json, Strict) ?? throw new ResultFormatException($"{where} holds null, not a result");
        }
        catch (JsonException error)
        {
            throw new ResultFormatException($"{where} is not a result of schema {Schema}: {error.Message}", error);
        }
    }
}
