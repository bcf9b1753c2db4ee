using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>Pair t·k + j goes to expert (t·k + j) mod E, whatever the scores; weighed by softmax over the k scores. The perfect balance to measure speed with.</summary>
public sealed class RoundRobinSelector(SelectorOptions options) : Selector(nameof(RoundRobinSelector), options)
{
    /// <inheritdoc/>
    protected override bool ComparesTokens => true;

    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference)
    {
        using var scope = NewDisposeScope();
        long tokens = preference.shape[0];
        Tensor pair = arange(Held(tokens * Options.TopK), ScalarType.Int64, preference.device);
        return pair.remainder(Held(Options.Experts)).view(tokens, Options.TopK).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) => ChosenWeights.SoftmaxOverChosen(preparedScores, experts);
}
