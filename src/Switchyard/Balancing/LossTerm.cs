using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>A named part of the auxiliary loss of a layer.</summary>
/// <param name="Name">What it is, in the field's words: <c>switch</c>, <c>z</c>, <c>kl</c>, ….</param>
/// <param name="Value">A scalar, already multiplied by its coefficient.</param>
public sealed record LossTerm(string Name, Tensor Value)
{
    /// <summary>The sum of terms in their order; null where there are none.</summary>
    public static Tensor? Sum(IEnumerable<LossTerm> terms)
    {
        Tensor? sum = null;
        foreach (LossTerm term in terms)
        {
            sum = sum is null ? term.Value : sum + term.Value;
        }

        return sum;
    }

    /// <summary>The terms of several layers, gathered by name in the order in which names come first, their values added and divided by the number of layers. Without gradient: they are for reading.</summary>
    /// <param name="terms">Terms of all layers.</param>
    /// <param name="layers">Number of layers.</param>
    public static IReadOnlyList<LossTerm> Mean(IEnumerable<LossTerm> terms, int layers)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        return [.. terms.GroupBy(t => t.Name, StringComparer.Ordinal).Select(same => new LossTerm(same.Key, (Sum(same)! / Held(layers)).MoveToOuterDisposeScope()))];
    }
}
