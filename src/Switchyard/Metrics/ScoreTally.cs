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
        double max = double.NegativeInfinity;
        foreach (double s in scores)
        {
            max = Math.Max(max, s);
        }

        double z = 0;
        double weighted = 0;
        foreach (double s in scores)
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
        foreach (double s in scores)
        {
            if (s <= best[k])
            {
                continue;
            }

            int at = k;
            while (at > 0 && best[at - 1] < s)
            {
                best[at] = best[at - 1];
                at--;
            }

            best[at] = s;
        }

        return best[k - 1] - best[k];
    }
}
