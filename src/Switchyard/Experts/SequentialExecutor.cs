using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Expert after expert in plain differentiable torch operations: gather its rows, the products, and at the end the weighted sum of each token's rows. The oracle of the other executors.</summary>
public sealed class SequentialExecutor : ExpertExecutor
{
    /// <inheritdoc/>
    protected override Tensor Compute(DispatchedTokens tokens, ExpertWeights experts)
    {
        if (tokens.Plan.Rows == 0)
        {
            return NoRows.Run(tokens, experts);
        }

        using var scope = NewDisposeScope();
        ExpertTensors all = ExpertTensors.Of(experts, tokens.X.dtype);
        Tensor[] gateUp = all.GateUp.unbind(0), down = all.Down.unbind(0);
        Tensor[]? gateUpBias = all.GateUpBias?.unbind(0), downBias = all.DownBias?.unbind(0);
        DispatchPlan plan = tokens.Plan;
        List<Tensor> outputs = [];
        for (int e = 0; e < plan.Experts; e++)
        {
            if (plan.Counts[e] > 0)
            {
                Tensor rows = tokens.X.index_select(0, plan.TokenOfRow.slice(0, plan.Offsets[e], plan.Offsets[e + 1], 1));
                Tensor h = all.Activation.Apply(nn.functional.linear(rows, gateUp[e], gateUpBias?[e]));
                outputs.Add(nn.functional.linear(h, down[e], downBias?[e]));
            }
        }

        return Combine(cat(outputs), tokens.Weights, plan).MoveToOuterDisposeScope();
    }

    /// <summary>[T, d]: Σ_slot W_t,slot · rows[row of (t, slot)]. Empty slots take row 0 with weight 0.</summary>
    private static Tensor Combine(Tensor rows, Tensor weights, DispatchPlan plan)
    {
        Tensor filled = plan.RowOfPair.ge(Held(0));
        Tensor perPair = rows.index_select(0, plan.RowOfPair.clamp_min(Held(0)).flatten()).view(plan.Tokens, plan.TopK, -1);
        Tensor w = where(filled, weights, zeros_like(weights)).to(rows.dtype);
        return (perPair * w.unsqueeze(2)).sum(1);
    }
}
