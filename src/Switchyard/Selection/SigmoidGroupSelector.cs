using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>DeepSeek-V3's choice: p = sigmoid(S) (+ bias); groups of E/G experts are scored by the sum of their two best, the best groups kept, and the k best experts in them chosen; W = unbiased p / (sum + 1e-20) · scale.</summary>
public sealed class SigmoidGroupSelector(SelectorOptions options) : Selector(nameof(SigmoidGroupSelector), options)
{
    /// <inheritdoc/>
    public override Tensor Preference(Tensor preparedScores) => preparedScores.sigmoid();

    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference)
    {
        if (Options.TopKGroup == Options.Groups)
        {
            return TopK.Indices(preference, Options.TopK);
        }

        using var scope = NewDisposeScope();
        float masked = Options.GroupMask == GroupMask.Zero ? 0 : float.NegativeInfinity;
        Tensor kept = preference.IsDenseFloat()
            ? ExpertGroups.Mask(preference, Options.Groups, Options.TopKGroup, masked)
            : ExpertGroups.MaskWithTorch(preference, Options.Groups, Options.TopKGroup, masked);
        return TopK.Indices(kept, Options.TopK).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) =>
        ChosenWeights.Sigmoid(preparedScores, experts, Options.Normalize, Options.Scale);
}
