using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Training.Results;

/// <summary>Reads and writes the JSON of <c>profile</c>, schema <c>switchyard.profile/1</c> (documented in <c>docs/profile.md</c>). NaN and infinities are written as <c>null</c>; <c>null</c> is read back as NaN.</summary>
public static class ProfileResultJson
{
    /// <summary>The schema that is read and written.</summary>
    public const string Schema = "switchyard.profile/1";

    /// <summary>Writes the result to a stream, as for <c>--json -</c>: one line.</summary>
    public static void Write(ProfileResult result, Stream stream)
    {
        JsonSerializer.Serialize(stream, result, ProfileJsonContext.Default.ProfileResult);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>Writes the result to a file, whole or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(ProfileResult result, string path) => AtomicFile.Write(path, stream => Write(result, stream));

    /// <summary>Reads a result from a file.</summary>
    /// <exception cref="ResultFormatException">The file is not JSON, of another schema, or lacks what the schema requires.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ProfileResult Read(string path)
    {
        string where = $"'{path}'";
        try
        {
            byte[] json = File.ReadAllBytes(path);
            ResultSchema.Require(json, Schema, "profile", where);
            return JsonSerializer.Deserialize(json, ProfileJsonContext.Default.ProfileResult)
                ?? throw new ResultFormatException($"{where} holds null, not a result");
        }
        catch (JsonException error)
        {
            throw new ResultFormatException($"{where} is not a result of schema {Schema}: {error.Message}", error);
        }
    }
}
