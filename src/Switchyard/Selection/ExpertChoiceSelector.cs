using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>Each expert takes its top C = ⌈capacityFactor·T·k/E⌉ tokens by softmax(S) over experts, weighed by it; a token may get 0…E experts (Zhou et al. 2022).</summary>
/// <remarks>Perfectly balanced by construction, but not causal: whether a token gets an expert depends on all other tokens, so it is refused in autoregressive generation. Experts are [T, k'] with k' the most that a token got.</remarks>
public sealed class ExpertChoiceSelector(SelectorOptions options) : Selector(nameof(ExpertChoiceSelector), options)
{
    /// <inheritdoc/>
    public override Tensor Preference(Tensor preparedScores) => preparedScores.softmax(-1);

    /// <summary>Tokens [E, C] int64 that each expert takes, the strongest first; ties go to the earlier token.</summary>
    /// <param name="preference">softmax(S) [T, E].</param>
    public Tensor TokensOfExperts(Tensor preference)
    {
        using var scope = NewDisposeScope();
        Tensor byExpert = preference.t().contiguous();
        return TopK.Indices(byExpert, TokensAnExpert(preference.shape[0])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference)
    {
        using var scope = NewDisposeScope();
        Tensor taken = full_like(preference, double.NegativeInfinity).t().contiguous();
        Tensor tokens = TokensOfExperts(preference);
        taken.scatter_(1, tokens, preference.t().gather(1, tokens));
        Tensor byToken = taken.t().contiguous();
        long most = byToken.isneginf().logical_not().sum(1).max().item<long>();
        return TopK.Indices(byToken, (int)Math.Max(1, most)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) => ChosenWeights.SoftmaxOverAll(preparedScores, experts);

    private int TokensAnExpert(long tokens) =>
        (int)Math.Clamp((long)Math.Ceiling(Options.CapacityFactor * tokens * Options.TopK / Options.Experts), 1, tokens);
}
