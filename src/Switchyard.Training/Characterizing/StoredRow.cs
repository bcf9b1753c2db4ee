using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Training.Results;

namespace Switchyard.Training.Characterizing;

/// <summary>A row that is done, in the folder of the characterisation, with the text that it was judged by.</summary>
/// <param name="Row">The row.</param>
/// <param name="Judged">The text.</param>
/// <param name="Targets">Tokens scored.</param>
internal sealed record StoredRow(CharacterizeRow Row, ProfileText Judged, long Targets)
{
    /// <summary>Reads it; null where there is none.</summary>
    /// <exception cref="ResultFormatException">The file does not hold a row.</exception>
    public static StoredRow? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<StoredRow>(File.ReadAllBytes(path), ResultLine.Json) : null;
        }
        catch (JsonException e)
        {
            throw new ResultFormatException($"'{path}' is not a row of characterize: {e.Message}", e);
        }
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, ResultLine.Json));
}
