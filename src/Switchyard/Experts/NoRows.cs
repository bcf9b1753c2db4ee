using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>What every executor returns where no pair is kept: zeros that still depend on all inputs, so that each has a gradient of zero.</summary>
internal static class NoRows
{
    public static Tensor Run(DispatchedTokens tokens, ExpertWeights experts)
    {
        using var scope = NewDisposeScope();
        Tensor nothing = Nothing(tokens.Weights);
        foreach (Tensor parameter in experts.parameters())
        {
            nothing += Nothing(parameter);
        }

        return (zeros_like(tokens.X) + Nothing(tokens.X) + nothing).MoveToOuterDisposeScope();

        // The sum of no elements, which is 0 also where the tensor holds infinities.
        Tensor Nothing(Tensor of) => of.slice(0, 0, 0, 1).sum().to(tokens.X.dtype);
    }
}
