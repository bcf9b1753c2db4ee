using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>In training the k largest of the doubly normalised matrix of the batch (<see cref="SinkhornPlan"/>), in inference the k largest scores; weighed by softmax(S) over all experts (BASE layers, Megatron).</summary>
/// <remarks>In training the choice of a token depends on the whole batch: it is not causal there.</remarks>
public sealed class SinkhornSelector(SelectorOptions options) : Selector(nameof(SinkhornSelector), options)
{
    /// <inheritdoc/>
    protected override bool ComparesTokens => training;

    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference)
    {
        if (!training)
        {
            return TopK.Indices(preference, Options.TopK);
        }

        using var scope = NewDisposeScope();
        return TopK.Indices(SinkhornPlan.Of(preference).Transport, Options.TopK).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) => ChosenWeights.SoftmaxOverAll(preparedScores, experts);
}
