namespace Switchyard.Metrics;

/// <summary>How many experts of a layer a run of consecutive tokens touches: what must be at hand to compute them.</summary>
/// <param name="Tokens">Length of the run, n.</param>
/// <param name="Experts">Distinct experts of a layer, mean over all runs of n consecutive tokens of the trace (across the borders of sequences, as a batch lies) and over layers.</param>
/// <param name="Even">What n tokens would touch that choose their k experts independently and evenly: E·(1 − (1 − k/E)^n).</param>
public readonly record struct WorkingSet(int Tokens, double Experts, double Even)
{
    /// <summary>Working sets of n = 1, 2, 4 … 1024 consecutive tokens, as far as the trace is long. Memory: E counts a layer.</summary>
    public static IReadOnlyList<WorkingSet> Of(RoutingTrace trace)
    {
        int[] lengths = [.. Enumerable.Range(0, 11).Select(i => 1 << i).Where(n => n <= trace.Tokens)];
        double[] touched = new double[lengths.Length];
        double pairs = 0;
        for (int i = 0; i < trace.Layers.Count; i++)
        {
            pairs += AddLayer(trace, i, lengths, touched) / (double)trace.Layers.Count;
        }

        double share = pairs / Math.Max(1, trace.Tokens) / trace.Experts;
        return [.. lengths.Select((n, i) => new WorkingSet(n, touched[i] / trace.Layers.Count, trace.Experts * (1 - Math.Pow(1 - share, n))))];
    }

    /// <summary>Adds to touched the mean number of distinct experts in a run. A run misses an expert where it lies within a gap between two uses: a gap of g tokens holds g − n + 1 runs of n.</summary>
    private static long AddLayer(RoutingTrace trace, int layer, int[] lengths, double[] touched)
    {
        int[] next = new int[trace.Experts];
        long[] missed = new long[lengths.Length];
        long pairs = 0;
        for (int t = 0; t < trace.Tokens; t++)
        {
            foreach (ushort e in trace.Choices(layer).Slice(t * trace.Slots, trace.Slots))
            {
                if (e != RoutingTrace.Empty)
                {
                    AddGap(t - next[e], lengths, missed);
                    next[e] = t + 1;
                    pairs++;
                }
            }
        }

        foreach (int after in next)
        {
            AddGap(trace.Tokens - after, lengths, missed);
        }

        for (int i = 0; i < lengths.Length; i++)
        {
            touched[i] += trace.Experts - (missed[i] / (trace.Tokens - lengths[i] + 1.0));
        }

        return pairs;
    }

    private static void AddGap(int gap, int[] lengths, long[] missed)
    {
        for (int i = 0; i < lengths.Length && lengths[i] <= gap; i++)
        {
            missed[i] += gap - lengths[i] + 1;
        }
    }
}
