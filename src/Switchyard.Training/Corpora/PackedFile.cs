using System.Buffers.Binary;

namespace Switchyard.Training.Corpora;

/// <summary>Writes one side of a packed corpus: the tokens of its documents, and an index with the start (8 bytes) and domain (4 bytes) of each, little-endian.</summary>
internal sealed class PackedFile : IDisposable
{
    public const int EntryBytes = 12;
    private readonly FileStream _tokens;
    private readonly FileStream _index;

    public PackedFile(string tokens, string index)
    {
        _tokens = Create(tokens);
        _index = Create(index);
    }

    public long Documents { get; private set; }

    public long Tokens { get; private set; }

    /// <summary>Adds a document and the zero byte that ends it; zero bytes within become spaces.</summary>
    public void Add(Span<byte> utf8, int domain)
    {
        BeginDocument(domain);
        utf8.Replace((byte)0, (byte)' ');
        _tokens.Write(utf8);
        _tokens.WriteByte(0);
        Tokens += utf8.Length + 1;
        Documents++;
    }

    /// <summary>Adds a document of tokens and the one that ends it, four bytes each.</summary>
    public void Add(ReadOnlySpan<int> tokens, int end, int domain)
    {
        BeginDocument(domain);
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        foreach (int token in tokens)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, token);
            _tokens.Write(bytes);
        }

        BinaryPrimitives.WriteInt32LittleEndian(bytes, end);
        _tokens.Write(bytes);
        Tokens += tokens.Length + 1;
        Documents++;
    }

    /// <summary>Puts everything on the disk.</summary>
    public void Flush()
    {
        _tokens.Flush(flushToDisk: true);
        _index.Flush(flushToDisk: true);
    }

    public void Dispose()
    {
        _tokens.Dispose();
        _index.Dispose();
    }

    private void BeginDocument(int domain)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteInt64LittleEndian(entry, Tokens);
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], domain);
        _index.Write(entry);
    }

    private static FileStream Create(string path) => new(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 1 << 18 });
}
