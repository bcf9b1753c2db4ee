using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Dispatch;

/// <summary>Brings tokens to their experts and the results back: within a process, or across ranks. Expert parallelism is another dispatcher; nothing else knows of it.</summary>
public abstract class TokenDispatcher
{
    /// <summary>Makes the tokens that this process's experts work on available here, with their plan.</summary>
    /// <param name="x">Hidden states [T, d].</param>
    /// <param name="assignment">Experts and weights [T, k].</param>
    /// <param name="experts">Number of experts E.</param>
    public abstract DispatchedTokens Dispatch(Tensor x, Assignment assignment, int experts);

    /// <summary>Brings outputs back to the tokens they belong to, [T, d].</summary>
    /// <param name="y">What the executor made of the dispatched tokens: for each, the weighted sum over its experts here.</param>
    /// <param name="dispatched">What <see cref="Dispatch"/> returned.</param>
    public abstract Tensor Combine(Tensor y, DispatchedTokens dispatched);
}
