using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>The k largest of softmax(S) over all experts, weighed by it, and divided by their sum where <see cref="SelectorOptions.Normalize"/> (Mixtral, Qwen3-MoE; not Qwen1.5-MoE, OLMoE).</summary>
public sealed class SoftmaxTopKSelector(SelectorOptions options) : Selector(nameof(SoftmaxTopKSelector), options)
{
    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference) => TopK.Indices(preference, Options.TopK);

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) =>
        Options.Normalize
            ? ChosenWeights.SoftmaxOverChosen(preparedScores, experts)
            : ChosenWeights.SoftmaxOverAll(preparedScores, experts);
}
