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
        long tokens = preference.shape[0];
        int size = Options.Experts / Options.Groups;
        Tensor grouped = preference.view(tokens, Options.Groups, size);
        Tensor groupScores = grouped.topk(Math.Min(2, size)).values.sum(-1);
        Tensor kept = zeros_like(groupScores).scatter_(1, TopK.Indices(groupScores, Options.TopKGroup), ones_like(groupScores)).to(ScalarType.Bool);
        Tensor masked = where(kept.unsqueeze(-1), grouped, full_like(grouped, Options.GroupMaskZero ? 0 : double.NegativeInfinity));
        return TopK.Indices(masked.view(tokens, Options.Experts), Options.TopK).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) =>
        ChosenWeights.Sigmoid(preparedScores, experts, Options.Normalize, Options.Scale);
}
