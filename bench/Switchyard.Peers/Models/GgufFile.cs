using System.Text;

namespace Switchyard.Peers.Models;

/// <summary>Writes GGUF files, version 3: magic, counts, keys and values, what each tensor is and where, then the tensors, each at a multiple of 32 bytes.</summary>
internal static class GgufFile
{
    private const int Alignment = 32;
    private const uint Version = 3;
    private const uint Unsigned32 = 4, Single = 6, Text = 8; // types of values

    /// <summary>Writes a file.</summary>
    /// <param name="path">Its path; the file is replaced.</param>
    /// <param name="metadata">Keys, and values that are <see cref="int"/>, <see cref="float"/> or <see cref="string"/>.</param>
    /// <param name="tensors">The tensors.</param>
    public static void Write(string path, IReadOnlyList<(string Key, object Value)> metadata, IReadOnlyList<GgufTensor> tensors)
    {
        using FileStream stream = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        using BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((long)tensors.Count);
        writer.Write((long)metadata.Count);
        foreach ((string key, object value) in metadata)
        {
            WriteText(writer, key);
            WriteValue(writer, value);
        }

        long offset = 0;
        foreach (GgufTensor tensor in tensors)
        {
            WriteText(writer, tensor.Name);
            writer.Write(tensor.Shape.Length);
            foreach (long size in tensor.Shape.Reverse())
            {
                writer.Write(size);
            }

            writer.Write((int)tensor.Type);
            writer.Write(offset);
            offset += Aligned(tensor.ByteLength);
        }

        writer.Flush();
        Pad(stream);
        long start = stream.Position, end = start;
        foreach (GgufTensor tensor in tensors)
        {
            tensor.Write(stream);
            end += tensor.ByteLength;
            if (stream.Position != end)
            {
                throw new InvalidOperationException($"tensor '{tensor.Name}' wrote {stream.Position - end + tensor.ByteLength} bytes instead of {tensor.ByteLength}");
            }

            Pad(stream);
            end = stream.Position;
        }
    }

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static void Pad(Stream stream) => stream.Write(new byte[Aligned(stream.Position) - stream.Position]);

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((long)bytes.Length);
        writer.Write(bytes);
    }

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case int number:
                writer.Write(Unsigned32);
                writer.Write((uint)number);
                break;
            case float number:
                writer.Write(Single);
                writer.Write(number);
                break;
            case string text:
                writer.Write(Text);
                WriteText(writer, text);
                break;
            default:
                throw new ArgumentException($"a value is a {value.GetType().Name}", nameof(value));
        }
    }
}
