using static TorchSharp.torch;

namespace Switchyard.Dispatch;

/// <summary>The one data structure between routing and compute: the R kept (token, slot) pairs of an assignment, sorted by expert and, within an expert, by token.</summary>
/// <remarks>A row is a place in the sorted order; a pair is the number t·k + slot. The tensors belong to the dispose scope in which the plan was made.</remarks>
public sealed class DispatchPlan
{
    internal DispatchPlan(int topK, int[] offsets, Tensor pairOfRow, Tensor tokenOfRow, Tensor rowOfPair, Tensor rowsOfTokens, Tensor tokenStarts, Tensor ends)
    {
        Tokens = rowOfPair.size(0);
        TopK = topK;
        Counts = new int[offsets.Length - 1];
        for (int e = 0; e < Counts.Length; e++)
        {
            Counts[e] = offsets[e + 1] - offsets[e];
        }

        Offsets = offsets;
        PairOfRow = pairOfRow;
        TokenOfRow = tokenOfRow;
        RowOfPair = rowOfPair;
        RowsOfTokens = rowsOfTokens;
        TokenStarts = tokenStarts;
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

    /// <summary><see cref="RowOfPair"/> without its empty slots, [R] int64: the rows of token 0 slot by slot, then those of token 1, and so on.</summary>
    public Tensor RowsOfTokens { get; }

    /// <summary>Where each token's rows begin in <see cref="RowsOfTokens"/>, [T] int64.</summary>
    public Tensor TokenStarts { get; }

    /// <summary>The row after the last of each expert, [E] int32, on the device of the assignment, as grouped products want it.</summary>
    public Tensor Ends { get; }

    /// <summary>Sorts the kept pairs of an assignment by expert, stable in token order, in O(T·k + E).</summary>
    /// <param name="experts">Experts [T, k] int64, −1 for an empty slot, on any device.</param>
    /// <param name="expertCount">Number of experts E.</param>
    /// <exception cref="ArgumentException">The tensor is no [T, k] of int64.</exception>
    /// <exception cref="ConfigurationException">An expert is not in −1..E−1.</exception>
    public static DispatchPlan From(Tensor experts, int expertCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(expertCount);
        if (experts.ndim != 2 || experts.size(1) == 0 || experts.dtype != ScalarType.Int64)
        {
            throw new ArgumentException(
                $"experts are [T, k] of Int64, k at least 1; this tensor is [{string.Join(", ", experts.shape)}] of {experts.dtype}", nameof(experts));
        }

        return experts.device_type == TorchSharp.DeviceType.CPU
            ? CountingSort.Plan(experts, expertCount)
            : StableSort.Plan(experts, expertCount);
    }

    internal static ConfigurationException NoSuchExpert(long expert, int expertCount) =>
        new($"an assignment names expert {expert}; there are experts 0 to {expertCount - 1}, and −1 for an empty slot");
}
