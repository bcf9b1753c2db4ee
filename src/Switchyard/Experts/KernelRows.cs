using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The rows that kernels work on: those of a plan, and zeros behind each expert's.</summary>
/// <param name="TokenOfRow">[R] int64.</param>
/// <param name="PairOfRow">[R] int64.</param>
/// <param name="Offsets">First row of each expert, and R at the end, [E + 1].</param>
/// <param name="Computed">Rows that are computed for each expert, [E].</param>
internal sealed record KernelRows(Tensor TokenOfRow, Tensor PairOfRow, int[] Offsets, int[] Computed)
{
    public KernelRows(DispatchPlan plan, int[] computed)
        : this(plan.TokenOfRow, plan.PairOfRow, plan.Offsets, computed)
    {
    }
}
