namespace Switchyard.Metrics;

/// <summary>How far a token uses the experts of the token before it in its sequence.</summary>
/// <param name="Share">Σ_t |A_t ∩ A_{t−1}| ÷ Σ_t |A_t| over tokens t that follow another, 0 to 1; mean over layers.</param>
/// <param name="Independent">What tokens that choose independently of each other, under the same load, would share: Σ_e q_e² ÷ Σ_e q_e, with q_e the share of tokens that use e; mean over layers.</param>
public readonly record struct Locality(double Share, double Independent)
{
    /// <summary>Locality of a trace. Memory: E counts a layer.</summary>
    public static Locality Of(RoutingTrace trace)
    {
        double share = 0;
        double independent = 0;
        for (int i = 0; i < trace.Layers.Count; i++)
        {
            share += ShareOf(trace, i) / trace.Layers.Count;
            independent += IndependentOf(trace, i) / trace.Layers.Count;
        }

        return new Locality(share, independent);
    }

    private static double ShareOf(RoutingTrace trace, int layer)
    {
        // used[e] is 1 + the last token that used e.
        int[] used = new int[trace.Experts];
        long shared = 0;
        long pairs = 0;
        int sequence = 0;
        for (int t = 0; t < trace.Tokens; t++)
        {
            bool starts = sequence < trace.SequenceStarts.Count && trace.SequenceStarts[sequence] == t;
            sequence += starts ? 1 : 0;
            foreach (ushort e in trace.Choices(layer).Slice(t * trace.Slots, trace.Slots))
            {
                if (e == RoutingTrace.Empty)
                {
                    continue;
                }

                if (!starts)
                {
                    pairs++;
                    shared += used[e] == t ? 1 : 0;
                }

                used[e] = t + 1;
            }
        }

        return pairs == 0 ? 0 : (double)shared / pairs;
    }

    private static double IndependentOf(RoutingTrace trace, int layer)
    {
        long[] load = new long[trace.Experts];
        foreach (ushort e in trace.Choices(layer))
        {
            if (e != RoutingTrace.Empty)
            {
                load[e]++;
            }
        }

        double pairs = load.Sum();
        return pairs == 0 ? 0 : load.Sum(n => n / pairs * n / trace.Tokens);
    }
}
