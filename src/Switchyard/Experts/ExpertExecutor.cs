using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Computes experts over a plan: y_t = Σ_slot W_t,slot · FFN_{expert}(x_t). All executors give the same answer on the same plan; they differ in cost alone.</summary>
public abstract class ExpertExecutor
{
    /// <summary>Outputs [T, d], differentiable with respect to X, the combine weights and the expert weights. The slots of a token are added in ascending order.</summary>
    /// <param name="tokens">Hidden states [T, d], combine weights [T, k] and the plan.</param>
    /// <param name="experts">The experts' weights.</param>
    public abstract Tensor Run(DispatchedTokens tokens, ExpertWeights experts);

    /// <summary>Whether <see cref="Run"/> takes tensors of these types and sizes; it says why not by a <see cref="ConfigurationException"/>.</summary>
    /// <param name="tokens">What would be run on.</param>
    /// <param name="experts">The experts' weights.</param>
    public virtual bool Accepts(DispatchedTokens tokens, ExpertWeights experts) => true;

    /// <summary>Rows of hidden states that the experts are computed on, padding among them; without padding the R rows of the plan.</summary>
    /// <param name="tokens">What would be run on.</param>
    /// <param name="experts">The experts' weights.</param>
    public virtual long ComputedRows(DispatchedTokens tokens, ExpertWeights experts) => tokens.Plan.Rows;
}
