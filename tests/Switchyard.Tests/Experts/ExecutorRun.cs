using Switchyard.Dispatch;
using Switchyard.Experts;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

/// <summary>Everything that an executor computes.</summary>
internal static class ExecutorRun
{
    /// <summary>y, and the gradients of sum(y · direction) with respect to tokens, combine weights and parameters, by name.</summary>
    public static Dictionary<string, Tensor> All(ExpertExecutor executor, DispatchedTokens tokens, ExpertWeights weights, Tensor direction)
    {
        weights.zero_grad();
        tokens.X.grad = null;
        tokens.Weights.grad = null;
        Tensor y = executor.Run(tokens, weights);
        (y * direction).sum().backward();
        Dictionary<string, Tensor> results = new(StringComparer.Ordinal)
        {
            ["output"] = y.detach(),
            ["dX"] = tokens.X.grad!.clone(),
            ["dWeights"] = where(tokens.Plan.RowOfPair.ge(0), tokens.Weights.grad!, zeros_like(tokens.Weights.grad!)),
        };
        foreach ((string parameter, Tensor value) in weights.named_parameters())
        {
            Assert.NotNull(value.grad);
            results["d " + parameter] = value.grad.clone();
        }

        return results;
    }
}
