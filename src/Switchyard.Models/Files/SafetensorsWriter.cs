using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Switchyard.Models.Files;

/// <summary>Writes safetensors files: tensors in order of decreasing element size and then of name, each aligned to its element size; equal content gives equal bytes.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes tensors of any device.</summary>
    /// <param name="path">Path of the file; an existing one is replaced once the new one is whole.</param>
    /// <param name="tensors">Names and tensors.</param>
    /// <param name="metadata">The file's <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">A name appears twice or cannot be stored.</exception>
    /// <exception cref="NotSupportedException">A type cannot be stored.</exception>
    /// <exception cref="IOException">The folder cannot be written, or the disk is full.</exception>
    public static void Write(string path, IEnumerable<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, tensors.Select(t => SafetensorsSource.Of(t.Name, t.Tensor)), metadata);

    /// <summary>Writes tensors as their sources give them, one after another.</summary>
    /// <param name="path">Path of the file; an existing one is replaced once the new one is whole.</param>
    /// <param name="sources">What to write.</param>
    /// <param name="metadata">The file's <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">A name appears twice or cannot be stored, a shape is not one, or a source writes another number of bytes than its shape says.</exception>
    /// <exception cref="IOException">The folder cannot be written, or the disk is full.</exception>
    public static void Write(string path, IEnumerable<SafetensorsSource> sources, IReadOnlyDictionary<string, string>? metadata = null)
    {
        SafetensorsSource[] ordered = [.. sources.OrderByDescending(s => s.Type.ElementSize).ThenBy(s => s.Name, StringComparer.Ordinal)];
        long[] lengths = [.. ordered.Select(Length)];
        if (ordered.Length > SafetensorsHeader.MostTensors)
        {
            throw new ArgumentException($"{ordered.Length} tensors are more than the {SafetensorsHeader.MostTensors} of a file", nameof(sources));
        }

        byte[] header = Header(ordered, lengths, metadata);
        long total = lengths.Aggregate(8L + header.Length, (sum, length) => checked(sum + length));
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            long at = 8 + header.Length;
            for (int i = 0; i < ordered.Length; i++)
            {
                ordered[i].Write(stream);
                at += lengths[i];
                if (stream.Position != at)
                {
                    throw new ArgumentException($"the source of tensor '{ordered[i].Name}' wrote {stream.Position - at + lengths[i]} bytes; its shape takes {lengths[i]}", nameof(sources));
                }
            }
        }, total);
    }

    /// <summary>Whether a string is short enough, escapes included, and free of half surrogate pairs.</summary>
    private static bool IsText(string text, int longest)
    {
        if (text.Length > longest)
        {
            return false;
        }

        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar && !text.Contains('\uFFFD'))
            {
                return false;
            }
        }

        return true;
    }

    private static long Length(SafetensorsSource source)
    {
        if (source.Name == "__metadata__" || !IsText(source.Name, SafetensorsHeader.LongestName / 6))
        {
            throw new ArgumentException($"a tensor cannot have the name '{source.Name}'", nameof(source));
        }

        if (source.Shape.Count > SafetensorsHeader.HighestRank || source.Shape.Any(n => n < 0))
        {
            throw new ArgumentException($"tensor '{source.Name}' cannot have the shape [{string.Join(", ", source.Shape)}]", nameof(source));
        }

        return source.Shape.Contains(0) ? 0 : source.Shape.Aggregate((long)source.Type.ElementSize, (size, n) => checked(size * n));
    }

    private static byte[] Header(SafetensorsSource[] sources, long[] lengths, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    if (!IsText(key, SafetensorsHeader.LongestName / 6) || !IsText(value, int.MaxValue))
                    {
                        throw new ArgumentException($"metadata cannot hold the key '{key}' or its value", nameof(metadata));
                    }

                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long at = 0;
            HashSet<string> names = new(StringComparer.Ordinal);
            for (int i = 0; i < sources.Length; i++)
            {
                SafetensorsSource source = sources[i];
                if (!names.Add(source.Name))
                {
                    throw new ArgumentException($"two tensors have the name '{source.Name}'", nameof(sources));
                }

                json.WriteStartObject(source.Name);
                json.WriteString("dtype", source.Type.ToString());
                json.WriteStartArray("shape");
                foreach (long n in source.Shape)
                {
                    json.WriteNumberValue(n);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += lengths[i]);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces bring the data to a multiple of the largest element size.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.Length <= SafetensorsHeader.LongestHeader
            ? buffer.ToArray()
            : throw new ArgumentException($"names and metadata take {buffer.Length} bytes, more than the {SafetensorsHeader.LongestHeader} of a header", nameof(sources));
    }
}
