using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>Top-p: the fewest experts whose softmax mass reaches <see cref="SelectorOptions.Threshold"/>, at most k; weighed by softmax(S), divided by the sum of the chosen where <see cref="SelectorOptions.Normalize"/>.</summary>
public sealed class ThresholdSelector(SelectorOptions options) : Selector(nameof(ThresholdSelector), options)
{
    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference)
    {
        using var scope = NewDisposeScope();
        Tensor experts = TopK.Indices(preference, Options.TopK);
        Tensor mass = preference.softmax(-1).gather(1, experts.clamp_min(Held(0)));
        Tensor before = mass.cumsum(1) - mass;
        return experts.masked_fill(before.ge(Held(Options.Threshold)), Held(-1)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) =>
        Options.Normalize
            ? ChosenWeights.SoftmaxOverChosen(preparedScores, experts)
            : ChosenWeights.SoftmaxOverAll(preparedScores, experts);
}
