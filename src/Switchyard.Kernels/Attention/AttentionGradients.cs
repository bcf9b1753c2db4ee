namespace Switchyard.Kernels.Attention;

/// <summary>What the backward pass reads besides the operands, and what it writes.</summary>
/// <param name="output">O.</param>
/// <param name="logSums">L to the base 2, [B, H, N].</param>
/// <param name="slope">dO.</param>
/// <param name="queries">dQ.</param>
/// <param name="keys">dK.</param>
/// <param name="values">dV.</param>
internal sealed unsafe class AttentionGradients(HeadMemory output, float* logSums, HeadMemory slope, HeadMemory queries, HeadMemory keys, HeadMemory values)
{
    public HeadMemory Output { get; } = output;

    public float* LogSums { get; } = logSums;

    public HeadMemory Slope { get; } = slope;

    public HeadMemory Queries { get; } = queries;

    public HeadMemory Keys { get; } = keys;

    public HeadMemory Values { get; } = values;
}
