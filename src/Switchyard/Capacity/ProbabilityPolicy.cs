using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Capacity;

/// <summary>Drops the pairs of the lowest weight of a full expert; of equal weights the later token's (Megatron's <c>probs</c>).</summary>
public sealed class ProbabilityPolicy(CapacityOptions options) : OverflowPolicy(options)
{
    private protected override bool Resolve(PairTable table, Assignment assignment, Tensor preparedScores, Selector selector)
    {
        using Tensor memory = assignment.Weights.detach().to(ScalarType.Float32).cpu().contiguous();
        ReadOnlySpan<float> weights = memory.Elements<float>();
        int[] load = new int[table.ExpertCount];
        foreach (long expert in table.Experts)
        {
            if (expert >= 0)
            {
                load[expert]++;
            }
        }

        ulong[]?[] byExpert = [.. load.Select(n => n > table.Capacity ? new ulong[n] : null)];
        int[] filled = new int[table.ExpertCount];
        for (int pair = 0; pair < table.Experts.Length; pair++)
        {
            if (table.Experts[pair] is >= 0 and long expert && byExpert[expert] is { } keys)
            {
                keys[filled[expert]++] = Key(weights[pair], pair);
            }
        }

        foreach (ulong[]? keys in byExpert)
        {
            if (keys is null)
            {
                continue;
            }

            Array.Sort(keys);
            foreach (ulong key in keys.AsSpan((int)table.Capacity))
            {
                table.Drop((int)(uint)key);
            }
        }

        return false;
    }

    /// <summary>Sorts by falling weight, then by rising pair: weights are not negative, so that their bits are in their order.</summary>
    private static ulong Key(float weight, int pair) => ((ulong)~BitConverter.SingleToUInt32Bits(weight) << 32) | (uint)pair;
}
