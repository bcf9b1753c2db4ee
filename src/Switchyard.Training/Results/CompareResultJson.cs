using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Training.Results;

/// <summary>Reads and writes the JSON of <c>compare</c>, schema <c>switchyard.compare/1</c> (documented in <c>docs/json.md</c>). NaN and infinities are written as <c>null</c>; <c>null</c> is read back as NaN.</summary>
public static class CompareResultJson
{
    /// <summary>The schema that is read and written.</summary>
    public const string Schema = "switchyard.compare/1";

    /// <summary>The result as JSON text, indented, with line feeds.</summary>
    public static string Serialize(CompareResult result) =>
        JsonSerializer.Serialize(result, CompareJsonContext.Default.CompareResult);

    /// <summary>Writes the result to a stream, as for <c>--json -</c>, with a line feed at its end.</summary>
    public static void Write(CompareResult result, Stream stream)
    {
        JsonSerializer.Serialize(stream, result, CompareJsonContext.Default.CompareResult);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>Writes the result to a file, whole or not at all: a temporary file beside it, flushed to the disk, then renamed.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(CompareResult result, string path) => AtomicFile.Write(path, stream => Write(result, stream));

    /// <summary>Reads a result from JSON text.</summary>
    /// <exception cref="ResultFormatException">The text is not JSON, of another schema, or lacks what the schema requires.</exception>
    public static CompareResult Deserialize(string json) => Parse(json, "the text");

    /// <summary>Reads a result from a file.</summary>
    /// <exception cref="ResultFormatException">The file is not JSON, of another schema, or lacks what the schema requires.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CompareResult Read(string path) => Parse(File.ReadAllText(path), $"'{path}'");

    private static CompareResult Parse(string json, string where)
    {
        try
        {
            ResultSchema.Require(System.Text.Encoding.UTF8.GetBytes(json), Schema, "compare", where);
            return JsonSerializer.Deserialize(json, CompareJsonContext.Default.CompareResult)
                ?? throw new ResultFormatException($"{where} holds null, not a result");
        }
        catch (JsonException error)
        {
            throw new ResultFormatException($"{where} is not a result of schema {Schema}: {error.Message}", error);
        }
    }
}
