using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Switchyard.Training.Corpora;

/// <summary>
/// Divides documents into training and held-out text by what they say, never by where they stand: a document is held out when the hash of its
/// text, read as a fraction of 2⁶⁴, is below the share. Texts that differ in white space alone have the same hash, so that no duplicate of a training document is ever held out.
/// </summary>
public sealed record CorpusSplit
{
    /// <summary>The share of documents held out, 0 ≤ share &lt; 1.</summary>
    /// <exception cref="ConfigurationException">The value is out of range.</exception>
    public double HeldOutShare
    {
        get;
        init => field = value is >= 0 and < 1 ? value : throw new ConfigurationException($"The held-out share is {value}; it must be at least 0 and below 1.");
    } = 0.05;

    /// <summary>The first 64 bits of the SHA-256 of the text in UTF-8, each run of ASCII white space taken as one space and none at the ends.</summary>
    public static ulong Hash(ReadOnlySpan<byte> utf8)
    {
        byte[] normal = ArrayPool<byte>.Shared.Rent(utf8.Length);
        int length = 0;
        bool space = false;
        foreach (byte b in utf8)
        {
            if (b is (byte)' ' or >= 9 and <= 13)
            {
                space = length > 0;
                continue;
            }

            if (space)
            {
                normal[length++] = (byte)' ';
                space = false;
            }

            normal[length++] = b;
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(normal.AsSpan(0, length), digest);
        ArrayPool<byte>.Shared.Return(normal);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }

    /// <summary>Whether a document of this hash is held out.</summary>
    public bool IsHeldOut(ulong hash) => (hash >> 11) * (1.0 / (1L << 53)) < HeldOutShare;
}
