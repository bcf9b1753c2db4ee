using Switchyard.Kernels.Memory;

namespace Switchyard.Kernels.Attention;

/// <summary>Working memory of one thread in the forward pass.</summary>
internal sealed unsafe class ForwardMemory
{
    public ForwardMemory(NativeBuffer buffer, int tokens, int keyBlock, int headSize, int valueSize)
    {
        const int QueryBlock = CausalAttention.QueryBlock;
        int pitch = CausalAttention.Pitch(headSize), width = CausalAttention.Sliced(valueSize);
        Keys = buffer.Floats(((long)tokens * (pitch + width)) + (QueryBlock * (long)(headSize + keyBlock + width + OnlineSoftmax.States)));
        Values = Keys + ((nint)tokens * pitch);
        QueryPanels = Values + ((nint)tokens * width);
        Scores = QueryPanels + (QueryBlock * (nint)headSize);
        Sums = Scores + (QueryBlock * (nint)keyBlock);
        State = Sums + (QueryBlock * (nint)width);
    }

    /// <summary>K by rows, [keys, pitch].</summary>
    public float* Keys { get; }

    /// <summary>V in panels, [⌈D′/32⌉, keys, 32].</summary>
    public float* Values { get; }

    /// <summary>Qᵀ, [3, D, 32].</summary>
    public float* QueryPanels { get; }

    /// <summary>S, then P before its division by the sum, [keys, 96].</summary>
    public float* Scores { get; }

    /// <summary>O before its division by the sum, [⌈D′/32⌉, 96, 32].</summary>
    public float* Sums { get; }

    /// <summary>Of <see cref="OnlineSoftmax"/>.</summary>
    public float* State { get; }
}
