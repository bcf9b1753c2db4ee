using System.Numerics;
using System.Runtime.InteropServices;

namespace Switchyard.Metrics;

/// <summary>Sums over tokens of the entropy of softmax(S) and of the gap between the last score that fits and the next.</summary>
internal sealed class ScoreTally(int experts)
{
    private readonly double[] _best = new double[experts];
    private double _entropy;
    private long _entropyTokens;
    private double _margin;
    private long _marginTokens;

    public double? Entropy => _entropyTokens == 0 ? null : _entropy / _entropyTokens;

    public double? Margin => _marginTokens == 0 ? null : _margin / _marginTokens;

    /// <summary>Adds the scores [E] of a token that takes k experts. Tokens without a finite entropy or gap do not count in that mean.</summary>
    public void Add(ReadOnlySpan<double> scores, int k)
    {
        double entropy = EntropyOf(scores);
        if (double.IsFinite(entropy))
        {
            _entropy += entropy;
            _entropyTokens++;
        }

        if (k > 0 && k < scores.Length)
        {
            double gap = GapOf(scores, k);
            if (double.IsFinite(gap))
            {
                _margin += gap;
                _marginTokens++;
            }
        }
    }

    public void Add(ScoreTally other)
    {
        _entropy += other._entropy;
        _entropyTokens += other._entropyTokens;
        _margin += other._margin;
        _marginTokens += other._marginTokens;
    }

    /// <summary>−Σ p ln p of p = softmax(s) = ln Z − Σ p·(s − max), Z = Σ exp(s − max); a score of −∞ adds nothing.</summary>
    internal static double EntropyOf(ReadOnlySpan<double> scores)
    {
        int lanes = Vector<double>.Count;
        int whole = scores.Length - (scores.Length % lanes);
        ReadOnlySpan<Vector<double>> vectors = MemoryMarshal.Cast<double, Vector<double>>(scores[..whole]);
        Vector<double> highest = new(double.NegativeInfinity);
        foreach (Vector<double> v in vectors)
        {
            highest = Vector.Max(highest, v);
        }

        double max = double.NegativeInfinity;
        for (int lane = 0; lane < lanes; lane++)
        {
            max = Math.Max(max, highest[lane]);
        }

        foreach (double s in scores[whole..])
        {
            max = Math.Max(max, s);
        }

        Vector<double> zs = Vector<double>.Zero;
        Vector<double> sums = Vector<double>.Zero;
        foreach (Vector<double> v in vectors)
        {
            Vector<double> above = v - new Vector<double>(max);
            Vector<double> weight = Vector.Exp(above);
            zs += weight;
            sums += Vector.ConditionalSelect(Vector.Equals(weight, Vector<double>.Zero), Vector<double>.Zero, weight * above);
        }

        double z = Vector.Sum(zs);
        double weighted = Vector.Sum(sums);
        foreach (double s in scores[whole..])
        {
            double above = s - max;
            double weight = Math.Exp(above);
            z += weight;
            weighted += weight == 0 ? 0 : weight * above;
        }

        return Math.Max(0, Math.Log(z) - (weighted / z));
    }

    /// <summary>The k-th minus the k+1-th largest score.</summary>
    private double GapOf(ReadOnlySpan<double> scores, int k)
    {
        // The k + 1 largest so far, descending.
        Span<double> best = _best.AsSpan(0, k + 1);
        best.Fill(double.NegativeInfinity);
        int lanes = Vector<double>.Count;
        for (int e = 0; e < scores.Length; e += lanes)
        {
            ReadOnlySpan<double> some = scores[e..Math.Min(e + lanes, scores.Length)];
            if (some.Length < lanes || Vector.GreaterThanAny(new Vector<double>(some), new Vector<double>(best[k])))
            {
                Offer(some, best);
            }
        }

        return best[k - 1] - best[k];
    }

    private static void Offer(ReadOnlySpan<double> scores, Span<double> best)
    {
        foreach (double s in scores)
        {
            int at = best.Length - 1;
            if (s > best[at])
            {
                while (at > 0 && best[at - 1] < s)
                {
                    best[at] = best[at - 1];
                    at--;
                }

                best[at] = s;
            }
        }
    }
}
