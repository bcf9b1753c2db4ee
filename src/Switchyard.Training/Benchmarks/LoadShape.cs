using System.Globalization;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Assignments with a load of a given shape: <c>even</c>, <c>zipf:s</c> (expert e drawn with weight (e+1)^−s) or <c>collapsed</c> (every token to the first k experts).</summary>
public static class LoadShape
{
    /// <summary>Experts [T, k] int64, distinct within a row.</summary>
    /// <exception cref="ConfigurationException">The name is unknown.</exception>
    public static Tensor Experts(string shape, int tokens, int topK, int experts, int seed = 1)
    {
        Func<int, double> weight = Weight(shape, topK);
        Random random = new(seed);
        long[] chosen = new long[tokens * topK];
        double[] keys = new double[experts];
        int[] order = new int[experts];
        for (int t = 0; t < tokens; t++)
        {
            for (int e = 0; e < experts; e++)
            {
                double w = weight(e);
                order[e] = e;
                keys[e] = string.Equals(shape, "even", StringComparison.Ordinal)
                    ? (e - (t * topK) % experts + experts) % experts
                    : -Math.Pow(random.NextDouble(), 1 / Math.Max(w, 1e-300));
            }

            Array.Sort(keys, order);
            for (int j = 0; j < topK; j++)
            {
                chosen[(t * topK) + j] = order[j];
            }
        }

        return tensor(chosen, [tokens, topK]);
    }

    /// <summary>Checks a name.</summary>
    /// <exception cref="ConfigurationException">It is unknown.</exception>
    public static void Check(string shape) => _ = Weight(shape, 1);

    private static Func<int, double> Weight(string shape, int topK)
    {
        string[] parts = shape.Split(':');
        switch (parts[0])
        {
            case "even" when parts.Length == 1:
                return _ => 1;
            case "collapsed" when parts.Length == 1:
                return e => e < topK ? 1 : 1e-9;
            case "zipf" when parts.Length == 2 && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double s) && s >= 0:
                return e => Math.Pow(e + 1, -s);
            default:
                throw new ConfigurationException($"load is '{shape}'; it must be even, zipf:S (such as zipf:1) or collapsed");
        }
    }
}
