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
    protected override bool ComparesTokens => true;

    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference)
    {
        using var scope = NewDisposeScope();
        Tensor taken = preference.IsDenseFloat() ? TakenOverMemory(preference) : Taken(preference);
        long most = taken.isneginf().logical_not().sum(1).max().item<long>();
        return TopK.Indices(taken, (int)Math.Max(1, most)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) => ChosenWeights.SoftmaxOverAll(preparedScores, experts);

    /// <summary>The preference of what is taken, −∞ elsewhere, [T, E].</summary>
    internal Tensor Taken(Tensor preference)
    {
        using var scope = NewDisposeScope();
        Tensor tokens = TokensOfExperts(preference);
        Tensor byExpert = full_like(preference, Held(double.NegativeInfinity)).t().contiguous();
        byExpert.scatter_(1, tokens, preference.t().gather(1, tokens));
        return byExpert.t().contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>The same over fp32 memory: the C-th largest of each column, and what is not below it.</summary>
    internal Tensor TakenOverMemory(Tensor preference)
    {
        (int tokens, int experts) = ((int)preference.shape[0], (int)preference.shape[1]);
        int each = TokensAnExpert(tokens);
        Tensor taken = full_like(preference, Held(double.NegativeInfinity));
        using Tensor byExpert = preference.t().contiguous();
        ReadOnlySpan<float> columns = byExpert.Elements<float>();
        Span<float> result = taken.Elements<float>();
        float[] values = new float[tokens];
        for (int e = 0; e < experts; e++)
        {
            ReadOnlySpan<float> column = columns.Slice(e * tokens, tokens);
            column.CopyTo(values);
            float bar = each == tokens ? float.NegativeInfinity : OrderStatistic.Neighbours(values, each).Nth;
            int ties = each - CountAbove(column, bar);
            for (int t = 0; t < tokens; t++)
            {
                if (column[t] > bar || (column[t] == bar && ties-- > 0))
                {
                    result[(t * experts) + e] = column[t];
                }
            }
        }

        return taken;
    }

    private static int CountAbove(ReadOnlySpan<float> values, float bar)
    {
        int count = 0;
        foreach (float value in values)
        {
            count += value > bar ? 1 : 0;
        }

        return count;
    }

    private int TokensAnExpert(long tokens) =>
        (int)Math.Clamp(ExpertCapacity.Of(Options.CapacityFactor, tokens, Options.TopK, Options.Experts), 1, tokens);
}
