using static TorchSharp.torch;

namespace Switchyard.Dispatch;

/// <summary>The one data structure between routing and compute: the R kept (token, slot) pairs of an assignment, sorted by expert and, within an expert, by token.</summary>
/// <remarks>A row is a place in the sorted order; a pair is the number t·k + slot. The tensors belong to the dispose scope in which the plan was made.</remarks>
public sealed class DispatchPlan
{
    internal DispatchPlan(long tokens, int topK, int[] counts, int[] offsets, Tensor pairOfRow, Tensor tokenOfRow, Tensor rowOfPair, Tensor ends)
    {
        Tokens = tokens;
        TopK = topK;
        Counts = counts;
        Offsets = offsets;
        PairOfRow = pairOfRow;
        TokenOfRow = tokenOfRow;
        RowOfPair = rowOfPair;
        Ends = ends;
    }

    /// <summary>Tokens T.</summary>
    public long Tokens { get; }

    /// <summary>Slots a token, k.</summary>
    public int TopK { get; }

    /// <summary>Experts E.</summary>
    public int Experts => Counts.Length;

    /// <summary>Kept pairs R.</summary>
    public int Rows => Offsets[^1];

    /// <summary>Rows of each expert, [E].</summary>
    public int[] Counts { get; }

    /// <summary>First row of each expert, and R at the end, [E + 1].</summary>
    public int[] Offsets { get; }

    /// <summary>The pair t·k + slot of each row, [R] int64.</summary>
    public Tensor PairOfRow { get; }

    /// <summary>The token of each row, [R] int64.</summary>
    public Tensor TokenOfRow { get; }

    /// <summary>The row of each pair, [T, k] int64; −1 where the slot is empty. The combine goes through it token by token, slot by slot.</summary>
    public Tensor RowOfPair { get; }

    /// <summary>The row after the last of each expert, [E] int32, on the device of the assignment, as grouped products want it.</summary>
    public Tensor Ends { get; }
}
