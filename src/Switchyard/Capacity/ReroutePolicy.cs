using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Capacity;

/// <summary>Serves pairs by position; then offers each that found its expert full, in the same order, to the token's next best expert with room that the token does not have yet, and drops it if there is none. Weights are made anew from the scores of the experts that a token ends with.</summary>
public sealed class ReroutePolicy(CapacityOptions options) : OverflowPolicy(options)
{
    private protected override bool Resolve(PairTable table, Assignment assignment, Tensor preparedScores, Selector selector)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor preference = selector.Preference(preparedScores.detach()).to(ScalarType.Float32).cpu().contiguous();
        ReadOnlySpan<float> scores = preference.Elements<float>();
        List<int> homeless = [];
        int[] taken = table.ServeByPosition(homeless.Add);
        foreach (int pair in homeless)
        {
            table.Experts[pair] = -1;
        }

        bool moved = false;
        foreach (int pair in homeless)
        {
            int token = pair / table.Slots;
            ReadOnlySpan<long> own = table.Experts.AsSpan(token * table.Slots, table.Slots);
            int next = NextBest(scores.Slice(token * table.ExpertCount, table.ExpertCount), own, taken, table.Capacity);
            if (next < 0)
            {
                table.Drop(pair);
                continue;
            }

            table.Experts[pair] = next;
            taken[next]++;
            moved = true;
        }

        return moved;
    }

    private static int NextBest(ReadOnlySpan<float> scores, ReadOnlySpan<long> own, ReadOnlySpan<int> taken, long capacity)
    {
        int next = -1;
        float best = float.NegativeInfinity;
        for (int e = 0; e < scores.Length; e++)
        {
            if (scores[e] > best && taken[e] < capacity && !own.Contains(e))
            {
                best = scores[e];
                next = e;
            }
        }

        return next;
    }
}
