using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Attention;

/// <summary>Where heads [B, N, H, D] lie in memory: any strides, as long as the D values of a head are side by side.</summary>
public sealed unsafe class HeadMemory
{
    private readonly float* _data;
    private readonly long _batchStride;
    private readonly long _headStride;
    private readonly int _size;

    /// <summary>Heads of any strides.</summary>
    /// <param name="data">First value.</param>
    /// <param name="size">D.</param>
    /// <param name="batchStride">Values between sequences.</param>
    /// <param name="tokenStride">Values between tokens of a sequence.</param>
    /// <param name="headStride">Values between heads of a token.</param>
    public HeadMemory(float* data, int size, long batchStride, long tokenStride, long headStride)
    {
        _data = data;
        _size = size;
        _batchStride = batchStride;
        _headStride = headStride;
        TokenStride = tokenStride;
    }

    /// <summary>Heads one behind the other, [B, N, H, D].</summary>
    /// <param name="data">First value.</param>
    /// <param name="tokens">N.</param>
    /// <param name="heads">H.</param>
    /// <param name="size">D.</param>
    public HeadMemory(float* data, int tokens, int heads, int size)
        : this(data, size, (long)tokens * heads * size, (long)heads * size, size)
    {
    }

    /// <summary>Values between tokens of a sequence.</summary>
    internal long TokenStride { get; }

    /// <summary>Whether there is no memory.</summary>
    internal bool IsMissing => _data == null;

    /// <summary>The values of a head at a token.</summary>
    internal float* At(int sequence, int token, int head) => _data + (sequence * _batchStride) + (token * TokenStride) + (head * _headStride);

    /// <summary>Asks for a block of tokens of a head: they lie further apart than processors look ahead by themselves.</summary>
    /// <param name="sequence">Sequence.</param>
    /// <param name="from">First token.</param>
    /// <param name="end">Where the tokens end.</param>
    /// <param name="head">Head.</param>
    internal void Prefetch(int sequence, int from, int end, int head)
    {
        const int LineBytes = 64;
        end = Math.Min(end, from + CausalAttention.QueryBlock);
        for (int token = from; Sse.IsSupported && token < end; token++)
        {
            byte* values = (byte*)At(sequence, token, head);
            for (int at = 0; at < _size * sizeof(float); at += LineBytes)
                Sse.Prefetch1(values + at);
        }
    }
}
