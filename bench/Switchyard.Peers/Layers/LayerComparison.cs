using Switchyard.Training.Benchmarks;

namespace Switchyard.Peers.Layers;

/// <summary>Checks and times all ways of running layers.</summary>
/// <param name="tokens">Token counts.</param>
/// <param name="kinds">Types of weights.</param>
/// <param name="isTimed">Whether a name is to be timed.</param>
/// <param name="threads">Threads of each.</param>
/// <param name="rounds">Stretches of each.</param>
/// <param name="stretch">Time of a stretch.</param>
internal sealed class LayerComparison(IReadOnlyList<int> tokens, IReadOnlyList<WeightKind> kinds, Predicate<string> isTimed, int threads, int rounds, TimeSpan stretch)
{
    private const int CheckedTokens = 4;

    /// <summary>Rows of one shape, by type of weights, token count and competitor.</summary>
    public IEnumerable<LayerRow> Run(BenchShape shape)
    {
        using LayerWeights weights = new(shape);
        Dictionary<int, double[][]> references = tokens.ToDictionary(t => t, t => References(weights, t));
        foreach (WeightKind kind in kinds)
        {
            Competitor[] all = [.. Competitors.Make(weights, kind, threads, isTimed)];
            try
            {
                foreach (int count in tokens)
                {
                    Console.Error.WriteLine($"{shape.Name}, {kind}, T = {count}");
                    foreach (LayerRow row in Run(weights, all, count, references[count]))
                    {
                        yield return row;
                    }
                }
            }
            finally
            {
                Array.ForEach(all, c => c.Dispose());
                GC.Collect();
            }
        }
    }

    private static int[] Checked(int count) => [.. Enumerable.Range(0, Math.Min(count, CheckedTokens)).Select(i => (int)((long)i * count / CheckedTokens)).Distinct()];

    private static double[][] References(LayerWeights weights, int count)
    {
        (int d, float[] x) = (weights.Shape.HiddenSize, weights.Inputs(count)[0]);
        return [.. Checked(count).AsParallel().AsOrdered().Select(t => LayerReference.Output(weights, x.AsSpan(t * d, d).ToArray()))];
    }

    private LayerRow[] Run(LayerWeights weights, Competitor[] competitors, int count, double[][] references)
    {
        int d = weights.Shape.HiddenSize;
        float[][] inputs = weights.Inputs(count);
        float[] output = new float[count * d];
        double[] errors = [.. competitors.Select(competitor =>
        {
            competitor.Prepare(count, inputs);
            if (competitor.IsOurs && count == tokens[0])
            {
                LayerTiming.Warm(competitor);
            }

            competitor.Run(0);
            competitor.CopyOutput(output);
            return Checked(count).Select((t, i) => LayerReference.Error(output.AsSpan(t * d, d), references[i])).Max();
        })];
        double[] times = LayerTiming.Medians(competitors, inputs.Length, rounds, stretch);
        return
        [
            .. competitors.Select((competitor, i) => new LayerRow
            {
                Shape = weights.Shape.Name,
                Tokens = count,
                Weights = competitor.Kind,
                Name = competitor.Name,
                IsOurs = competitor.IsOurs,
                Milliseconds = times[i],
                Gops = weights.Shape.Operations(count) / times[i] / 1e6,
                Error = errors[i],
                IsRight = errors[i] <= competitor.Tolerance,
            }),
        ];
    }
}
