namespace Switchyard.Metrics;

/// <summary>How far a token's scores leave experts out: three measures of p = softmax(S), S its scores [E], or their means over tokens.</summary>
/// <param name="Negligible">Share of the experts with p_e &lt; 1/(10·E): less than a tenth of what an even softmax gives each. 0 for an even one, (E − 1)/E where one expert has all.</param>
/// <param name="EffectiveExperts">exp(−Σ_e p_e·ln p_e), how many equally likely experts would be as undecided: from 1, where one has all, to E.</param>
/// <param name="Hoyer">(√E − ‖p‖₁/‖p‖₂) ÷ (√E − 1), ‖p‖₁ = 1 (Hoyer 2004): from 0, even, to 1, where one expert has all; 0 for E = 1.</param>
public sealed record ScoreSparsity(double Negligible, double EffectiveExperts, double Hoyer)
{
    /// <summary>Of one token.</summary>
    /// <param name="scores">Its scores, [E]; −∞ is a probability of 0.</param>
    /// <returns>The measures; NaN where the scores have no softmax.</returns>
    public static ScoreSparsity Of(ReadOnlySpan<double> scores)
    {
        int experts = scores.Length;
        double max = double.NegativeInfinity;
        foreach (double s in scores)
        {
            max = Math.Max(max, s);
        }

        double z = 0, squares = 0;
        foreach (double s in scores)
        {
            double weight = Math.Exp(s - max);
            z += weight;
            squares += weight * weight;
        }

        int negligible = 0;
        foreach (double s in scores)
        {
            negligible += Math.Exp(s - max) < z / (10.0 * experts) ? 1 : 0;
        }

        double root = Math.Sqrt(experts);
        return double.IsFinite(z)
            ? new ScoreSparsity((double)negligible / experts, Math.Exp(ScoreTally.EntropyOf(scores)), experts == 1 ? 0 : Math.Max(0, (root - (z / Math.Sqrt(squares))) / (root - 1)))
            : new ScoreSparsity(double.NaN, double.NaN, double.NaN);
    }

    /// <summary>The mean of each measure; NaN of nothing.</summary>
    /// <param name="all">What is averaged.</param>
    public static ScoreSparsity Mean(IReadOnlyCollection<ScoreSparsity> all) => all.Count == 0
        ? new ScoreSparsity(double.NaN, double.NaN, double.NaN)
        : new ScoreSparsity(all.Average(s => s.Negligible), all.Average(s => s.EffectiveExperts), all.Average(s => s.Hoyer));
}
