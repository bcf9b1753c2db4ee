using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Switchyard.Models.Files;

/// <summary>The memory of a tensor as spans, in pieces that a span can hold.</summary>
internal static class TensorBytes
{
    private const long ChunkElements = 1 << 26;

    /// <summary>A use of a piece of memory.</summary>
    public delegate void Use(Span<byte> chunk);

    /// <summary>Where the memory of a contiguous tensor on the CPU begins, however long it is; valid as long as the tensor is referred to.</summary>
    public static unsafe nint Address(Tensor tensor)
    {
        // A span holds 2 GiB at most; the first element has the same address.
        using Tensor flat = tensor.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        return (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    /// <summary>Goes over the memory of a contiguous tensor on the CPU from start to end.</summary>
    public static void ForEachChunk(Tensor tensor, Use use)
    {
        long count = tensor.numel();
        if (count == 0)
        {
            return;
        }

        using var quiet = no_grad();
        using Tensor detached = tensor.detach();
        using Tensor flat = detached.view(count);
        for (long begin = 0; begin < count; begin += ChunkElements)
        {
            using Tensor part = flat.narrow(0, begin, Math.Min(ChunkElements, count - begin));
            use(part.bytes);
        }
    }
}
