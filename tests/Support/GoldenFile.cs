using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using static TorchSharp.torch;

namespace Switchyard.TestSupport;

/// <summary>The tensors and metadata of a trusted safetensors file, for tests only.</summary>
internal sealed class GoldenFile
{
    private readonly byte[] _bytes;
    private readonly int _data;
    private readonly JsonElement _header;

    private GoldenFile(byte[] bytes)
    {
        _bytes = bytes;
        int length = checked((int)BinaryPrimitives.ReadInt64LittleEndian(bytes));
        _data = 8 + length;
        _header = JsonSerializer.Deserialize<JsonElement>(bytes.AsSpan(8, length));
        Metadata = _header.TryGetProperty("__metadata__", out JsonElement metadata)
            ? metadata.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!)
            : [];
    }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    public IEnumerable<string> Names => _header.EnumerateObject().Select(p => p.Name).Where(n => n != "__metadata__");

    public static GoldenFile Read(string path) => new(File.ReadAllBytes(path));

    public int Int(string key) => int.Parse(Metadata[key], CultureInfo.InvariantCulture);

    public double Double(string key, double otherwise = double.NaN) =>
        Metadata.TryGetValue(key, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public bool Has(string name) => _header.TryGetProperty(name, out _);

    /// <summary>A copy of a tensor in its stored type.</summary>
    public Tensor Tensor(string name)
    {
        JsonElement entry = _header.GetProperty(name);
        long[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())];
        int begin = entry.GetProperty("data_offsets")[0].GetInt32();
        int end = entry.GetProperty("data_offsets")[1].GetInt32();
        ReadOnlySpan<byte> raw = _bytes.AsSpan(_data + begin, end - begin);
        return entry.GetProperty("dtype").GetString() switch
        {
            "F64" => tensor(MemoryMarshal.Cast<byte, double>(raw).ToArray(), shape),
            "F32" => tensor(MemoryMarshal.Cast<byte, float>(raw).ToArray(), shape),
            "I64" => tensor(MemoryMarshal.Cast<byte, long>(raw).ToArray(), shape),
            "I32" => tensor(MemoryMarshal.Cast<byte, int>(raw).ToArray(), shape),
            "U8" => tensor(raw.ToArray(), shape),
            "BF16" => frombuffer(raw, shape, ScalarType.BFloat16),
            "F16" => frombuffer(raw, shape, ScalarType.Float16),
            string other => throw new NotSupportedException(other),
            null => throw new NotSupportedException(),
        };
    }

    private static Tensor frombuffer(ReadOnlySpan<byte> raw, long[] shape, ScalarType type)
    {
        Tensor result = empty(shape, type);
        raw.CopyTo(result.bytes);
        return result;
    }
}
