using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>The expert prices q [E] of the balanced assignment of a batch: maximise Σ_te A_te·S_te with k experts a token and T·k/E tokens an expert. Choosing each token's k best of S − q is then balanced.</summary>
/// <remarks>
/// Dual ascent, one block of prices after the other. A sweep sets each token's price p_t between the k-th and the (k+1)-th largest of S_t − q, so that it takes k experts,
/// then each expert's price q_e between the n-th and the (n+1)-th largest over t of S_te − p_t, so that it takes n = T·k/E tokens. Both are set to the middle of the interval of equally good prices:
/// with an end of it (the textbook's choice) the ascent stalls far from the optimum, because every price then ties with a pair that another price must move past.
/// Prices are centred (their mean is 0), which changes no choice. Where T·k/E is not whole, the middle moves linearly between the neighbouring ranks.
/// </remarks>
public static class DualPrices
{
    /// <summary>Sweeps after which prices that start from 0 hardly move any more.</summary>
    internal const int SweepsFromNothing = 30;

    /// <summary>Prices [E] after some sweeps.</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="k">Experts a token.</param>
    /// <param name="start">Prices to start from [E], such as those of the batch before.</param>
    /// <param name="sweeps">Sweeps.</param>
    public static Tensor Solve(Tensor scores, int k, Tensor start, int sweeps)
    {
        if (!scores.IsDenseFloat() || !start.IsDenseFloat() || IsTrivial(scores.shape[0], scores.shape[1], k))
        {
            return SolveWithTorch(scores, k, start, sweeps);
        }

        using var quiet = no_grad();
        Tensor prices = start.detach().clone();
        Solve(scores.Elements<float>(), (int)scores.shape[0], (int)scores.shape[1], k, prices.Elements<float>(), sweeps, get_num_threads());
        return prices;
    }

    /// <summary>The same on any device and type.</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="k">Experts a token.</param>
    /// <param name="start">Prices to start from [E].</param>
    /// <param name="sweeps">Sweeps.</param>
    public static Tensor SolveWithTorch(Tensor scores, int k, Tensor start, int sweeps)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        (long tokens, long experts) = (scores.shape[0], scores.shape[1]);
        Tensor prices = start.to(scores.dtype).clone();
        if (IsTrivial(tokens, experts, k))
        {
            return prices.zero_().MoveToOuterDisposeScope();
        }

        Tensor s = scores.detach().nan_to_num(LowestScore, -LowestScore, LowestScore).clamp(Held(LowestScore), Held(-LowestScore));
        (int rank, double fraction) = Rank(tokens, experts, k);
        for (int sweep = 0; sweep < sweeps; sweep++)
        {
            using var step = NewDisposeScope();
            Tensor best = (s - prices).topk(k + 1).values;
            Tensor tokenPrices = (best.narrow(1, k - 1, 1) + best.narrow(1, k, 1)) / Held(2);
            Tensor demand = (s - tokenPrices).topk(rank + 1, 0).values;
            prices = ((demand[rank - 1] * Held(1 - fraction)) + (demand[rank] * Held(fraction))).MoveToOuterDisposeScope();
        }

        return (prices - prices.mean()).MoveToOuterDisposeScope();
    }

    /// <summary>Sweeps over memory; the result does not depend on the number of threads.</summary>
    /// <param name="scores">Scores S [tokens, experts], row-major.</param>
    /// <param name="tokens">Tokens T.</param>
    /// <param name="experts">Experts E.</param>
    /// <param name="k">Experts a token.</param>
    /// <param name="prices">Prices q [experts], changed.</param>
    /// <param name="sweeps">Sweeps.</param>
    /// <param name="threads">Threads that may be used.</param>
    public static void Solve(ReadOnlySpan<float> scores, int tokens, int experts, int k, Span<float> prices, int sweeps, int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(scores.Length, (long)tokens * experts, nameof(scores));
        ArgumentOutOfRangeException.ThrowIfNotEqual(prices.Length, experts, nameof(prices));
        if (IsTrivial(tokens, experts, k))
        {
            prices.Clear();
            return;
        }

        using DualSweep sweep = new(scores, tokens, experts, k, Rank(tokens, experts, k));
        sweep.Run(prices, sweeps, threads);
        float mean = 0;
        foreach (float price in prices)
        {
            mean += price;
        }

        mean /= experts;
        foreach (ref float price in prices)
        {
            price -= mean;
        }
    }

    /// <summary>Scores beyond ±this are taken as this, so that differences stay finite.</summary>
    internal const float LowestScore = -1e30f;

    /// <summary>Prices decide nothing where every token takes all experts, or an expert could take all tokens anyway.</summary>
    private static bool IsTrivial(long tokens, long experts, int k) => k >= experts || tokens * k < experts;

    /// <summary>The rank r = T·k/E + ½ of an expert's price among its demands, as (⌊r⌋, r − ⌊r⌋).</summary>
    private static (int Rank, double Fraction) Rank(long tokens, long experts, int k)
    {
        double rank = ((double)tokens * k / experts) + 0.5;
        int whole = (int)Math.Min(rank, tokens - 1);
        return (whole, Math.Min(1, rank - whole));
    }
}
