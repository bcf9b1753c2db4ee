using Switchyard.Kernels.Storage;

namespace Switchyard.Experts.Caching;

/// <summary>Consecutive experts that are in memory together.</summary>
/// <param name="From">The first.</param>
/// <param name="To">One past the last.</param>
/// <param name="GateUp">Their first matrices, [To − From] of [2f, d] or [f, d]; null where they are tensors.</param>
/// <param name="Down">Their second matrices, [To − From] of [d, f]; null where they are tensors.</param>
internal sealed record ExpertPortion(int From, int To, IReadOnlyList<StoredMatrix>? GateUp, IReadOnlyList<StoredMatrix>? Down)
{
    /// <summary>Offsets of the portion's rows from its own first row, [To − From + 1].</summary>
    /// <param name="offsets">First row of each expert, and R at the end, [E + 1].</param>
    public int[] OffsetsIn(int[] offsets) =>
        To - From == offsets.Length - 1 ? offsets : [.. offsets.Skip(From).Take(To - From + 1).Select(o => o - offsets[From])];
}
