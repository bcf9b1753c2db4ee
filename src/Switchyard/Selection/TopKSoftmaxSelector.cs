using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>The k largest scores, weighed by a softmax over those k (LPR, GPT-OSS).</summary>
public sealed class TopKSoftmaxSelector(SelectorOptions options) : Selector(nameof(TopKSoftmaxSelector), options)
{
    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference) => TopK.Indices(preference, Options.TopK);

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) => ChosenWeights.SoftmaxOverChosen(preparedScores, experts);
}
