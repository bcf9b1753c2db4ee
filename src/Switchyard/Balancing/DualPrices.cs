using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>The expert prices q [E] of the balanced assignment of a batch, by dual ascent.</summary>
public static class DualPrices
{
    /// <summary>Prices after some sweeps of p_t = k+1-th largest of S_t − q, q_e = max(0, C+1-th largest over t of S_te − p_t), C = ⌈T·k/E⌉.</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="k">Experts a token.</param>
    /// <param name="start">Prices to start from [E].</param>
    /// <param name="sweeps">Sweeps.</param>
    public static Tensor SolveWithTorch(Tensor scores, int k, Tensor start, int sweeps)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        long tokens = scores.shape[0];
        long experts = scores.shape[1];
        int capacity = (int)(((tokens * k) + experts - 1) / experts);
        Tensor prices = start.to(scores.dtype).clone();
        if (k >= experts || capacity >= tokens)
        {
            return prices.zero_().MoveToOuterDisposeScope();
        }

        Tensor s = scores.detach().clamp_min(-1e30);
        for (int sweep = 0; sweep < sweeps; sweep++)
        {
            Tensor tokenPrices = (s - prices).topk(k + 1).values.narrow(1, k, 1);
            prices = (s - tokenPrices).topk(capacity + 1, 0).values[capacity].clamp_min(0);
        }

        return prices.MoveToOuterDisposeScope();
    }
}
