using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Switchyard.Kernels.Tests.Storage;

/// <summary>The tensors of a reference file, each in native memory.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly Dictionary<string, (nint Address, int[] Shape)> _tensors = new(StringComparer.Ordinal);

    public SafetensorsFile(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int header = checked((int)BinaryPrimitives.ReadInt64LittleEndian(bytes));
        using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(8, header));
        foreach (JsonProperty tensor in json.RootElement.EnumerateObject())
        {
            if (string.Equals(tensor.Name, "__metadata__", StringComparison.Ordinal))
            {
                foreach (JsonProperty entry in tensor.Value.EnumerateObject())
                    Metadata[entry.Name] = entry.Value.GetString()!;
                continue;
            }
            int from = tensor.Value.GetProperty("data_offsets")[0].GetInt32(), to = tensor.Value.GetProperty("data_offsets")[1].GetInt32();
            void* copy = NativeMemory.AlignedAlloc((nuint)Math.Max(1, to - from), 64);
            bytes.AsSpan(8 + header + from, to - from).CopyTo(new Span<byte>(copy, to - from));
            _tensors[tensor.Name] = ((nint)copy, [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(n => n.GetInt32())]);
        }
    }

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>The folder of quantized references, or null.</summary>
    public static string? Folder()
    {
        if (Environment.GetEnvironmentVariable("SWITCHYARD_GOLDEN") is { Length: > 0 } named)
            return Existing(Path.Combine(named, "quant"));
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string? found = Existing(Path.Combine(at.FullName, "tests", "golden", "quant")) ?? Existing(Path.Combine(at.FullName, "shared", "golden", "quant"));
            if (found is not null)
                return found;
        }
        return null;
    }

    public bool Has(string name) => _tensors.ContainsKey(name);

    public void* Pointer(string name) => (void*)_tensors[name].Address;

    public int[] Shape(string name) => _tensors[name].Shape;

    public Span<T> Values<T>(string name)
        where T : unmanaged => new(Pointer(name), Shape(name).Aggregate(1, (product, n) => product * n));

    public void Dispose()
    {
        foreach ((nint address, _) in _tensors.Values)
            NativeMemory.AlignedFree((void*)address);
    }

    private static string? Existing(string folder) => Directory.Exists(folder) ? folder : null;
}
