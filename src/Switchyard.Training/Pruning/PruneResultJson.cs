using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Results;

namespace Switchyard.Training.Pruning;

/// <summary>Writes the JSON of <c>prune</c>, schema <c>switchyard.prune/1</c>. NaN and infinities are written as <c>null</c>.</summary>
public static class PruneResultJson
{
    private static readonly JsonSerializerOptions Options = new(ConfigFile.Json) { WriteIndented = false, Converters = { new FiniteDoubleConverter() } };

    /// <summary>Writes the result to a stream: one line.</summary>
    public static void Write(PruneResult result, Stream stream)
    {
        JsonSerializer.Serialize(stream, result, Options);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>Writes the result to a file, whole or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(PruneResult result, string path) => AtomicFile.Write(path, stream => Write(result, stream));
}
