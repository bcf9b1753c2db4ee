using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Switchyard.Peers.Weights;

/// <summary>Rows of integer codes with a scale for each 32, as GGUF files hold them.</summary>
internal static class GgufBlocks
{
    /// <summary>Values of a block.</summary>
    public const int Values = 32;

    /// <summary>Bytes of a block of <see cref="GgufType.Q8_0"/>.</summary>
    public const int EightBitBytes = 2 + Values;

    /// <summary>Bytes of a block of <see cref="GgufType.Q4_0"/>.</summary>
    public const int FourBitBytes = 2 + (Values / 2);

    /// <summary>The blocks of a row.</summary>
    /// <param name="type"><see cref="GgufType.Q8_0"/> or <see cref="GgufType.Q4_0"/>.</param>
    /// <param name="codes">[K], for four bits −8 to 7.</param>
    /// <param name="scales">[K/32].</param>
    /// <param name="row">The bytes.</param>
    public static void Pack(GgufType type, ReadOnlySpan<sbyte> codes, ReadOnlySpan<float> scales, Span<byte> row)
    {
        int bytes = type == GgufType.Q8_0 ? EightBitBytes : FourBitBytes;
        for (int block = 0; block < scales.Length; block++)
        {
            ReadOnlySpan<sbyte> from = codes.Slice(block * Values, Values);
            Span<byte> to = row.Slice(block * bytes, bytes);
            BinaryPrimitives.WriteHalfLittleEndian(to, (Half)scales[block]);
            to = to[2..];
            if (type == GgufType.Q8_0)
            {
                MemoryMarshal.AsBytes(from).CopyTo(to);
                continue;
            }

            for (int i = 0; i < Values / 2; i++)
            {
                to[i] = (byte)((from[i] + 8) | ((from[i + (Values / 2)] + 8) << 4));
            }
        }
    }
}
