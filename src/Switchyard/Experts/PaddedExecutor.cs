using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Each expert's rows in a buffer as long as the largest load, [E, C, d], and one batched product over all buffers. Computes the padding: E·C rows instead of R.</summary>
/// <remarks>As in GShard (Lepikhin et al., 2020, section 3.2) and Switch Transformers (Fedus et al., 2021, section 2.2), except that C follows the load, so that nothing is dropped here.</remarks>
public sealed class PaddedExecutor : ExpertExecutor
{
    /// <inheritdoc/>
    public override Tensor Run(DispatchedTokens tokens, ExpertWeights experts)
    {
        if (tokens.Plan.Rows == 0)
        {
            return NoRows.Run(tokens, experts);
        }

        using var scope = NewDisposeScope();
        return ExpertFunction.Run(tokens.X, tokens.Weights, ExpertTensors.Of(experts, tokens.X.dtype), PaddedLayout.Of(tokens.Plan)).MoveToOuterDisposeScope();
    }
}
