using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Attention;

/// <summary>Where heads [B, N, H, D] lie in memory: any strides, as long as the D values of a head are side by side.</summary>
/// <param name="data">First value.</param>
/// <param name="batchStride">Values between sequences.</param>
/// <param name="tokenStride">Values between tokens of a sequence.</param>
/// <param name="headStride">Values between heads of a token.</param>
public sealed unsafe class HeadMemory(float* data, long batchStride, long tokenStride, long headStride)
{
    /// <summary>Heads one behind the other, [B, N, H, D].</summary>
    /// <param name="data">First value.</param>
    /// <param name="tokens">N.</param>
    /// <param name="heads">H.</param>
    /// <param name="size">D.</param>
    public HeadMemory(float* data, int tokens, int heads, int size)
        : this(data, (long)tokens * heads * size, (long)heads * size, size)
    {
    }

    /// <summary>Values between tokens of a sequence.</summary>
    public long TokenStride { get; } = tokenStride;

    /// <summary>Whether there is no memory.</summary>
    internal bool IsMissing => data == null;

    /// <summary>The values of a head at a token.</summary>
    internal float* At(int sequence, int token, int head) => data + (sequence * batchStride) + (token * TokenStride) + (head * headStride);

    /// <summary>Asks for the values of a head at some tokens: they lie further apart than processors look ahead by themselves.</summary>
    internal void Prefetch(int sequence, int token, int count, int head, int size)
    {
        const int LineBytes = 64;
        for (int i = token; Sse.IsSupported && i < token + count; i++)
        {
            byte* values = (byte*)At(sequence, i, head), end = values + (size * sizeof(float));
            for (; values < end; values += LineBytes)
                Sse.Prefetch1(values);
        }
    }
}
