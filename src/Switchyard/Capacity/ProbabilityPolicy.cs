using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Capacity;

/// <summary>Drops the pairs of the lowest weight of a full expert; of equal weights the later token's (Megatron's <c>probs</c>).</summary>
public sealed class ProbabilityPolicy(CapacityOptions options) : OverflowPolicy(options)
{
    private protected override bool Resolve(PairTable table, Assignment assignment, Tensor preparedScores, Selector selector)
    {
        using Tensor memory = assignment.Weights.detach().to(ScalarType.Float64).cpu().contiguous();
        ReadOnlySpan<double> weights = memory.Elements<double>();
        List<(double Weight, int Pair)>[] byExpert = new List<(double, int)>[table.ExpertCount];
        for (int pair = 0; pair < table.Experts.Length; pair++)
        {
            if (table.Experts[pair] is >= 0 and long expert)
            {
                (byExpert[expert] ??= []).Add((weights[pair], pair));
            }
        }

        foreach (List<(double Weight, int Pair)> pairs in byExpert)
        {
            if (pairs is null || pairs.Count <= table.Capacity)
            {
                continue;
            }

            pairs.Sort((a, b) => a.Weight != b.Weight ? b.Weight.CompareTo(a.Weight) : a.Pair.CompareTo(b.Pair));
            for (int i = (int)table.Capacity; i < pairs.Count; i++)
            {
                table.Drop(pairs[i].Pair);
            }
        }

        return false;
    }
}
