using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Switchyard.Models.Files;

/// <summary>
/// Reads the header of a safetensors file: 8 bytes of length N (little-endian), N bytes of JSON, then the data. It is checked in full before any of it is used,
/// and what it claims is compared with the file's length before anything of that size is made.
/// </summary>
internal ref struct SafetensorsHeader
{
    public const long LongestHeader = 100_000_000;
    public const int MostTensors = 1 << 18;
    public const int LongestName = 4096;
    public const int HighestRank = 64;
    private const int Depth = 8;

    private readonly string _file;
    private readonly long _dataLength;
    private readonly long _dataOffset;
    private Utf8JsonReader _json;

    private SafetensorsHeader(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        _file = file;
        _json = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Depth });
        _dataOffset = 8 + json.Length;
        _dataLength = dataLength;
    }

    /// <summary>The length of the header that the first bytes of a file state.</summary>
    /// <param name="file">Path, for messages.</param>
    /// <param name="start">The first bytes, 8 if there are as many.</param>
    /// <param name="fileLength">Bytes of the whole file.</param>
    public static int ReadLength(string file, ReadOnlySpan<byte> start, long fileLength)
    {
        if (fileLength < 8)
        {
            throw new CheckpointFormatException(file, null, $"the file has {fileLength} bytes; a safetensors file has at least 8.");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > LongestHeader || length > (ulong)(fileLength - 8))
        {
            bool pickle = start is [(byte)'P', (byte)'K', 3, 4, ..] or [0x80, <= 5, ..];
            throw new CheckpointFormatException(file, null, pickle
                ? "this is a pickle file (PyTorch's own format), which can run code when read and is never opened: convert it to safetensors."
                : length > LongestHeader
                    ? string.Create(CultureInfo.InvariantCulture, $"the header's length is stated as {length} bytes; at most {LongestHeader} are allowed. Is it a safetensors file?")
                    : string.Create(CultureInfo.InvariantCulture, $"the header's length is stated as {length} bytes, but only {fileLength - 8} follow: the file is cut off, or not a safetensors file."));
        }

        return (int)length;
    }

    /// <summary>Reads and checks a header.</summary>
    /// <param name="file">Path, for messages.</param>
    /// <param name="json">The N bytes of JSON.</param>
    /// <param name="dataLength">Bytes after the header.</param>
    public static (Dictionary<string, SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Read(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        if (!Utf8.IsValid(json))
        {
            throw new CheckpointFormatException(file, null, "the header is not valid UTF-8.");
        }

        try
        {
            return new SafetensorsHeader(file, json, dataLength).Read();
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(file, null, $"the header is not valid JSON: {e.Message}", e);
        }
    }

    private (Dictionary<string, SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Read()
    {
        Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);
        Dictionary<string, string>? metadata = null;
        Expect(JsonTokenType.StartObject, null, "the header");
        while (NextProperty(null) is string name)
        {
            if (name == "__metadata__")
            {
                metadata = metadata is null ? ReadMetadata() : throw Error(null, "the key '__metadata__' appears twice.");
                continue;
            }

            if (entries.Count == MostTensors)
            {
                throw Error(null, $"there are more than {MostTensors} tensors.");
            }

            SafetensorsEntry entry = ReadEntry(name);
            if (!entries.TryAdd(name, entry))
            {
                throw Error(name, "the name appears twice.");
            }
        }

        // The reader itself refuses anything but white space here.
        _json.Read();
        CheckLayout(entries.Values);
        return (entries, metadata ?? []);
    }

    private Dictionary<string, string> ReadMetadata()
    {
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        Expect(JsonTokenType.StartObject, null, "'__metadata__'");
        while (NextProperty(null) is string key)
        {
            Expect(JsonTokenType.String, null, $"the value of '{key}' in '__metadata__'");
            if (!metadata.TryAdd(key, Text(null)))
            {
                throw Error(null, $"the key '{key}' appears twice in '__metadata__'.");
            }
        }

        return metadata;
    }

    private SafetensorsEntry ReadEntry(string name)
    {
        SafetensorsType? type = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        HashSet<string>? others = null;
        Expect(JsonTokenType.StartObject, name, "its entry");
        while (NextProperty(name) is string key)
        {
            bool first = key switch
            {
                "dtype" => type is null,
                "shape" => shape is null,
                "data_offsets" => offsets is null,
                _ => (others ??= new(StringComparer.Ordinal)).Add(key),
            };
            if (!first)
            {
                throw Error(name, $"the key '{key}' appears twice.");
            }

            switch (key)
            {
                case "dtype":
                    Expect(JsonTokenType.String, name, "its dtype");
                    string text = Text(name);
                    type = SafetensorsTypes.Parse(text)
                        ?? throw Error(name, $"its dtype is '{text}'; known are {string.Join(", ", Enum.GetNames<SafetensorsType>())}.");
                    break;
                case "shape":
                    shape = Numbers(name, "shape", HighestRank);
                    break;
                case "data_offsets":
                    offsets = Numbers(name, "data_offsets", 2);
                    break;
                default:
                    _json.Read();
                    _json.Skip();
                    break;
            }
        }

        if (type is null || shape is null || offsets is null)
        {
            throw Error(name, $"its entry has no '{(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}'.");
        }

        return Check(name, type.Value, shape, offsets);
    }

    private readonly SafetensorsEntry Check(string name, SafetensorsType type, List<long> shape, List<long> offsets)
    {
        if (offsets is not [long begin, long end])
        {
            throw Error(name, $"its data_offsets are {offsets.Count} numbers; expected [begin, end].");
        }

        if (begin > end || end > _dataLength)
        {
            throw Error(name, $"its data_offsets [{begin}, {end}] do not lie within the {_dataLength} bytes of data.");
        }

        // A zero anywhere makes the product zero, however large the rest is.
        Int128 size = shape.Contains(0) ? 0 : type.ElementSize;
        foreach (long dimension in shape)
        {
            size *= dimension;
            if (size > long.MaxValue)
            {
                throw Error(name, $"the size of its shape [{string.Join(", ", shape)}] does not fit into 64 bits.");
            }
        }

        return size == end - begin
            ? new SafetensorsEntry(name, type, shape, _dataOffset + begin, end - begin)
            : throw Error(name, $"its shape [{string.Join(", ", shape)}] of {type} takes {size} bytes, but its data_offsets [{begin}, {end}] hold {end - begin}.");
    }

    private readonly void CheckLayout(IEnumerable<SafetensorsEntry> entries)
    {
        long at = _dataOffset;
        foreach (SafetensorsEntry entry in entries.OrderBy(e => e.Offset).ThenBy(e => e.ByteLength))
        {
            if (entry.Offset != at)
            {
                throw Error(entry.Name, entry.Offset > at
                    ? $"there is a hole of {entry.Offset - at} bytes before its data."
                    : $"its data overlap {at - entry.Offset} bytes of another tensor's.");
            }

            at += entry.ByteLength;
        }

        long end = _dataOffset + _dataLength;
        if (at != end)
        {
            throw Error(null, $"{end - at} bytes after the last tensor belong to none.");
        }
    }

    private List<long> Numbers(string name, string key, int most)
    {
        List<long> numbers = [];
        Expect(JsonTokenType.StartArray, name, $"'{key}'");
        while (Next() != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out long number) || number < 0)
            {
                throw Error(name, $"'{key}' holds something other than whole numbers from 0 to 2^63 - 1.");
            }

            if (numbers.Count == most)
            {
                throw Error(name, $"'{key}' has more than {most} numbers.");
            }

            numbers.Add(number);
        }

        return numbers;
    }

    /// <summary>The next key of the object that is being read, or null at its end.</summary>
    private string? NextProperty(string? tensor)
    {
        if (Next() != JsonTokenType.PropertyName)
        {
            return null;
        }

        return _json.ValueSpan.Length <= LongestName
            ? Text(tensor)
            : throw Error(tensor, $"a name is longer than {LongestName} bytes.");
    }

    private readonly string Text(string? tensor)
    {
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointFormatException(_file, tensor, "a string holds half of a surrogate pair.", e);
        }
    }

    private void Expect(JsonTokenType type, string? tensor, string what)
    {
        JsonTokenType found = Next();
        if (found != type)
        {
            throw Error(tensor, $"{what} is {Describe(found)}; expected {Describe(type)}.");
        }
    }

    private JsonTokenType Next() => _json.Read() ? _json.TokenType : throw Error(null, "the header is not valid JSON: it ends too early.");

    private static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };

    private readonly CheckpointFormatException Error(string? tensor, string reason) => new(_file, tensor, reason);
}
