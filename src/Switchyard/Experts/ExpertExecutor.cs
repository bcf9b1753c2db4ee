using Switchyard.Dense;
using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Computes experts over a plan: y_t = Σ_slot W_t,slot · FFN_{expert}(x_t). All executors give the same answer on the same plan; they differ in cost alone.</summary>
public abstract class ExpertExecutor
{
    /// <summary>Outputs [T, d], differentiable with respect to X, the combine weights and the expert weights. The outputs of a token are added in a fixed order: that of its slots by torch's operations, that of its experts by our kernels.</summary>
    /// <param name="tokens">Hidden states [T, d], combine weights [T, k] and the plan.</param>
    /// <param name="experts">The experts' weights.</param>
    /// <exception cref="ConfigurationException">Hidden states, combine weights, plan and experts are of different sizes, or the hidden states are no floating-point numbers.</exception>
    public Tensor Run(DispatchedTokens tokens, ExpertWeights experts)
    {
        DispatchPlan plan = tokens.Plan;
        if (!tokens.X.is_floating_point() || !tokens.X.Is(plan.Tokens, experts.Options.HiddenSize))
        {
            throw new ConfigurationException($"hidden states are [{string.Join(", ", tokens.X.shape)}] of {tokens.X.dtype}; expected [{plan.Tokens}, {experts.Options.HiddenSize}] of a floating-point type, as the plan has {plan.Tokens} tokens and the experts a hidden size of {experts.Options.HiddenSize}");
        }

        if (!tokens.Weights.Is(plan.Tokens, plan.TopK))
        {
            throw new ConfigurationException($"combine weights are [{string.Join(", ", tokens.Weights.shape)}]; expected [{plan.Tokens}, {plan.TopK}], as the plan has");
        }

        return plan.Experts == experts.Options.Experts
            ? Compute(tokens, experts)
            : throw new ConfigurationException($"the plan is over {plan.Experts} experts, and there are {experts.Options.Experts}");
    }

    /// <summary>What <see cref="Run"/> returns, of sizes that fit together.</summary>
    /// <param name="tokens">Hidden states [T, d], combine weights [T, k] and the plan.</param>
    /// <param name="experts">The experts' weights.</param>
    protected abstract Tensor Compute(DispatchedTokens tokens, ExpertWeights experts);

    /// <summary>Whether <see cref="Run"/> takes tensors of these types and sizes; it says why not by a <see cref="ConfigurationException"/>.</summary>
    /// <param name="tokens">What would be run on.</param>
    /// <param name="experts">The experts' weights.</param>
    public virtual bool Accepts(DispatchedTokens tokens, ExpertWeights experts) => true;

    /// <summary>Rows of hidden states that the experts are computed on, padding among them; without padding the R rows of the plan.</summary>
    /// <param name="tokens">What would be run on.</param>
    /// <param name="experts">The experts' weights.</param>
    public virtual long ComputedRows(DispatchedTokens tokens, ExpertWeights experts) => tokens.Plan.Rows;
}
