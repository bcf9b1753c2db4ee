using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;

namespace Switchyard.Training.Results;

/// <summary>Writes a result as one line of JSON, such as <c>switchyard.reroute/1</c> or <c>switchyard.prune/1</c>. NaN and infinities are written as <c>null</c>.</summary>
public static class ResultLine
{
    /// <summary>How results and figures are written, a line each.</summary>
    internal static readonly JsonSerializerOptions Json = new(ConfigFile.Json) { WriteIndented = false, Converters = { new FiniteDoubleConverter() } };

    /// <summary>Writes the result to a stream.</summary>
    public static void Write<T>(T result, Stream stream)
    {
        JsonSerializer.Serialize(stream, result, Json);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>Writes the result to a file, whole or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write<T>(T result, string path) => AtomicFile.Write(path, stream => Write(result, stream));
}
