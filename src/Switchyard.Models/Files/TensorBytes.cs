using static TorchSharp.torch;

namespace Switchyard.Models.Files;

/// <summary>The memory of a tensor as spans, in pieces that a span can hold.</summary>
internal static class TensorBytes
{
    internal const long ChunkElements = 1 << 26;

    /// <summary>A use of a piece of memory.</summary>
    public delegate void Use(Span<byte> chunk);

    /// <summary>Goes over the memory of a contiguous tensor on the CPU from start to end.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="use">What is done with each piece, in order.</param>
    /// <param name="elements">Most elements of a piece.</param>
    public static void ForEachChunk(Tensor tensor, Use use, long elements = ChunkElements)
    {
        long count = tensor.numel();
        if (count == 0)
        {
            return;
        }

        using var quiet = no_grad();
        using Tensor detached = tensor.detach();
        using Tensor flat = detached.view(count);
        for (long begin = 0; begin < count; begin += elements)
        {
            using Tensor part = flat.narrow(0, begin, Math.Min(elements, count - begin));
            use(part.bytes);
        }
    }
}
