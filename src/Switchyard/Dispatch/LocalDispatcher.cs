using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Dispatch;

/// <summary>The dispatcher of one process: all tokens and all experts are here.</summary>
public sealed class LocalDispatcher : TokenDispatcher
{
    /// <inheritdoc/>
    public override DispatchedTokens Dispatch(Tensor x, Assignment assignment, int experts) =>
        new(x, assignment.Weights, DispatchPlan.From(assignment.Experts, experts));

    /// <inheritdoc/>
    public override Tensor Combine(Tensor y, DispatchedTokens dispatched) => y;
}
