using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Buffers of equal size [E, C, d] in memory and one batched torch product over them; any device, any floating type.</summary>
/// <param name="options">Time or memory.</param>
/// <param name="capacity">C of the largest load.</param>
internal sealed class BatchedExecutor(ExecutorOptions options, Func<int, int> capacity) : ExpertExecutor
{
    public override long ComputedRows(DispatchedTokens tokens, ExpertWeights experts) => (long)tokens.Plan.Experts * Capacity(tokens.Plan);

    protected override Tensor Compute(DispatchedTokens tokens, ExpertWeights experts)
    {
        if (tokens.Plan.Rows == 0)
        {
            return NoRows.Run(tokens, experts);
        }

        using var scope = NewDisposeScope();
        RowLayout layout = PaddedLayout.Of(tokens.Plan, Capacity(tokens.Plan));
        return ExpertFunction.Run(tokens.X, tokens.Weights, ExpertTensors.Of(experts, tokens.X.dtype), layout, options.Activations).MoveToOuterDisposeScope();
    }

    private int Capacity(DispatchPlan plan) => capacity(plan.Counts.Max());
}
