using System.Buffers.Binary;
using System.Text;

namespace Switchyard.Training.Corpora;

/// <summary>The documents of one side of a packed corpus of bytes, as text, one after another.</summary>
internal sealed class PackedDocuments : IDisposable
{
    private readonly FileStream _bytes;
    private readonly FileStream _index;

    public PackedDocuments(string bytes, string index)
    {
        _bytes = File.OpenRead(bytes);
        _index = File.OpenRead(index);
    }

    /// <summary>Text and domain of each document; the zero byte that ends it is left out.</summary>
    public IEnumerable<(string Text, int Domain)> Read()
    {
        byte[] entry = new byte[PackedFile.EntryBytes];
        byte[] buffer = [];
        long count = _index.Length / PackedFile.EntryBytes;
        (long Start, int Domain) next = count > 0 ? Entry(entry) : default;
        for (long i = 0; i < count; i++)
        {
            (long start, int domain) = next;
            next = i + 1 < count ? Entry(entry) : (_bytes.Length, 0);
            int length = (int)(next.Start - start);
            if (buffer.Length < length)
            {
                buffer = new byte[Math.Max(length, 1 << 14)];
            }

            _bytes.ReadExactly(buffer, 0, length);
            yield return (Encoding.UTF8.GetString(buffer, 0, length - 1), domain);
        }
    }

    public void Dispose()
    {
        _bytes.Dispose();
        _index.Dispose();
    }

    private (long Start, int Domain) Entry(byte[] entry)
    {
        _index.ReadExactly(entry);
        return (BinaryPrimitives.ReadInt64LittleEndian(entry), BinaryPrimitives.ReadInt32LittleEndian(entry.AsSpan(8)));
    }
}
