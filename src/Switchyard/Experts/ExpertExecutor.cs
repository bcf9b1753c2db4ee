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
}
