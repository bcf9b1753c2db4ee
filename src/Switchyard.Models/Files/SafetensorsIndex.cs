using System.Text.Json;

namespace Switchyard.Models.Files;

/// <summary>
/// Reads a <c>model.safetensors.index.json</c>: which file of the folder holds which tensor. Every value must be a plain name of a file in the same folder;
/// <c>metadata</c>, <c>total_size</c> included, is not believed.
/// </summary>
internal static class SafetensorsIndex
{
    private const long LongestFile = 100_000_000;
    private const int Depth = 8;

    /// <summary>File names by tensor.</summary>
    /// <exception cref="CheckpointFormatException">The file breaks a rule.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > LongestFile)
        {
            throw new CheckpointFormatException(path, null, $"the index has {length} bytes; at most {LongestFile} are read.");
        }

        try
        {
            return Parse(path, File.ReadAllBytes(path));
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(path, null, $"the index is not valid JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointFormatException(path, null, "the index is not valid UTF-8, or a string holds half of a surrogate pair.", e);
        }
    }

    private static Dictionary<string, string> Parse(string path, byte[] bytes)
    {
        Utf8JsonReader json = new(bytes, new JsonReaderOptions { MaxDepth = Depth });
        Dictionary<string, string>? map = null;
        Expect(ref json, JsonTokenType.StartObject, path, "the index");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.GetString() is not "weight_map")
            {
                json.Read();
                json.Skip();
                continue;
            }

            map = map is null ? ReadMap(ref json, path) : throw new CheckpointFormatException(path, null, "the key 'weight_map' appears twice.");
        }

        json.Read(); // refuses anything but white space after the object
        return map ?? throw new CheckpointFormatException(path, null, "the key 'weight_map' is missing.");
    }

    private static Dictionary<string, string> ReadMap(ref Utf8JsonReader json, string path)
    {
        Dictionary<string, string> map = new(StringComparer.Ordinal);
        Expect(ref json, JsonTokenType.StartObject, path, "'weight_map'");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string tensor = json.GetString()!;
            Expect(ref json, JsonTokenType.String, path, $"the file of '{tensor}'");
            string file = json.GetString()!;
            if (Complaint(file) is { } complaint)
            {
                throw new CheckpointFormatException(path, tensor, $"its file is '{file.Replace("\0", "\\0", StringComparison.Ordinal)}', {complaint}; expected the plain name of a safetensors file in this folder.");
            }

            if (!map.TryAdd(tensor, file))
            {
                throw new CheckpointFormatException(path, tensor, "the name appears twice in 'weight_map'.");
            }

            if (map.Count > SafetensorsHeader.MostTensors)
            {
                throw new CheckpointFormatException(path, null, $"there are more than {SafetensorsHeader.MostTensors} tensors.");
            }
        }

        return map;
    }

    /// <summary>What is wrong with a file name, whatever system it was made for; null for nothing.</summary>
    private static string? Complaint(string name) => name switch
    {
        "" => "which is empty",
        "." or ".." => "which is a folder",
        _ when name.Contains('\0', StringComparison.Ordinal) => "which holds a NUL",
        _ when name.AsSpan().ContainsAny('/', '\\') => "which holds a separator of folders",
        _ when name.Contains(':', StringComparison.Ordinal) => "which names a drive or a stream",
        _ when name.Length > 255 => "which is longer than 255 characters",
        _ when !name.EndsWith(".safetensors", StringComparison.Ordinal) => "which is no safetensors file",
        _ => null,
    };

    private static void Expect(ref Utf8JsonReader json, JsonTokenType type, string path, string what)
    {
        if (!json.Read() || json.TokenType != type)
        {
            throw new CheckpointFormatException(path, null, $"{what} is not {(type == JsonTokenType.StartObject ? "an object" : "a string")}.");
        }
    }
}
