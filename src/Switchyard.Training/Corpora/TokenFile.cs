using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Switchyard.Training.Corpora;

/// <summary>The tokens of one side of a packed corpus, read at any position: one byte each, or four, little-endian.</summary>
internal sealed class TokenFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _name;
    private readonly int _tokenBytes;

    public TokenFile(string path, int tokenBytes)
    {
        _file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        _name = Path.GetFileName(path);
        _tokenBytes = tokenBytes;
    }

    /// <summary>Bytes of the file.</summary>
    public long Length => RandomAccess.GetLength(_file);

    /// <summary>Reads the tokens [position, position + tokens.Length).</summary>
    public void Read(long position, Span<long> tokens)
    {
        int length = checked(tokens.Length * _tokenBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        Span<byte> bytes = buffer.AsSpan(0, length);
        ReadBytes(checked(position * _tokenBytes), bytes);
        if (_tokenBytes == 1)
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                tokens[i] = bytes[i];
            }
        }
        else
        {
            for (int i = 0; i < tokens.Length; i++)
            {
                tokens[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * sizeof(uint))..]);
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    public void ReadBytes(long offset, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(_file, bytes, offset);
            if (read == 0)
            {
                throw new IOException($"'{_name}' of the packed corpus ends before position {offset}: it was cut after it was opened.");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }

    public void Dispose() => _file.Dispose();
}
