using Switchyard.Peers.Weights;

namespace Switchyard.Peers.Models;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Its sizes, the one that varies slowest first; the file lists them the other way round.</param>
/// <param name="Write">Writes exactly its bytes; called once, when its turn comes.</param>
internal sealed record GgufTensor(string Name, GgufType Type, long[] Shape, Action<Stream> Write)
{
    /// <summary>Bytes of the elements.</summary>
    public long ByteLength
    {
        get
        {
            long count = Shape.Aggregate(1L, (a, b) => a * b);
            return Type switch
            {
                GgufType.F32 => count * sizeof(float),
                GgufType.BF16 => count * sizeof(ushort),
                GgufType.Q8_0 => count / GgufBlocks.Values * GgufBlocks.EightBitBytes,
                GgufType.Q4_0 => count / GgufBlocks.Values * GgufBlocks.FourBitBytes,
                _ => throw new InvalidOperationException($"the size of {Type} is unknown"),
            };
        }
    }
}
