using Switchyard.Kernels.Memory;
using Switchyard.Kernels.Panels;

namespace Switchyard.Kernels.Attention;

/// <summary>Working memory of one thread in the backward pass.</summary>
internal sealed unsafe class BackwardMemory
{
    private const int QueryBlock = CausalAttention.QueryBlock;
    private float* _free;

    public BackwardMemory(NativeBuffer buffer, int tokens, int keyBlock, int headSize, int valueSize)
    {
        int keyPitch = CausalAttention.Pitch(headSize), valuePitch = CausalAttention.Pitch(valueSize);
        int keyWidth = CausalAttention.Sliced(headSize), valueWidth = CausalAttention.Sliced(valueSize);
        long all = (long)tokens * (keyPitch + (2 * keyWidth) + valuePitch + valueWidth);
        long block = QueryBlock * (long)(headSize + valueSize + (2 * keyWidth) + valueWidth + (2 * keyBlock) + 2);
        _free = buffer.Floats(all + block);
        Keys = Take(tokens, keyPitch);
        KeySlices = headSize <= Panel.Lanes ? Keys : Take(tokens, keyWidth);
        Values = Take(tokens, valuePitch);
        KeySums = Take(tokens, keyWidth);
        ValueSums = Take(tokens, valueWidth);
        QueryPanels = Take(QueryBlock, headSize);
        SlopePanels = Take(QueryBlock, valueSize);
        QuerySlices = Take(QueryBlock, keyWidth);
        SlopeSlices = Take(QueryBlock, valueWidth);
        Sums = Take(QueryBlock, keyWidth);
        Probabilities = Take(QueryBlock, keyBlock);
        Slopes = Take(QueryBlock, keyBlock);
        LogSums = Take(QueryBlock, 1);
        Dots = Take(QueryBlock, 1);
    }

    /// <summary>K by rows, [N, pitch].</summary>
    public float* Keys { get; }

    /// <summary>K in panels, [⌈D/32⌉, N, 32].</summary>
    public float* KeySlices { get; }

    /// <summary>V by rows, [N, pitch].</summary>
    public float* Values { get; }

    /// <summary>dK before its factor, [⌈D/32⌉, N, 32].</summary>
    public float* KeySums { get; }

    /// <summary>dV, [⌈D′/32⌉, N, 32].</summary>
    public float* ValueSums { get; }

    /// <summary>Qᵀ, [3, D, 32].</summary>
    public float* QueryPanels { get; }

    /// <summary>dOᵀ, [3, D′, 32].</summary>
    public float* SlopePanels { get; }

    /// <summary>Q, [⌈D/32⌉, queries, 32].</summary>
    public float* QuerySlices { get; }

    /// <summary>dO, [⌈D′/32⌉, queries, 32].</summary>
    public float* SlopeSlices { get; }

    /// <summary>dQ before its factor, [⌈D/32⌉, 96, 32].</summary>
    public float* Sums { get; }

    /// <summary>S, then P, [keys, 96].</summary>
    public float* Probabilities { get; }

    /// <summary>dP, then dS, [keys, 96].</summary>
    public float* Slopes { get; }

    /// <summary>L to the base 2, [96].</summary>
    public float* LogSums { get; }

    /// <summary>D, [96].</summary>
    public float* Dots { get; }

    private float* Take(long rows, int width)
    {
        float* taken = _free;
        _free += rows * width;
        return taken;
    }
}
