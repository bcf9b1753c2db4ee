using static TorchSharp.torch;

namespace Switchyard.Balancing.Losses;

/// <summary>The router z-loss of ST-MoE (Zoph et al. 2022, equation 5): mean_t (log Σ_e exp S_te)². It keeps the scores small; it does not even the load.</summary>
public static class ZLoss
{
    /// <summary>The loss of scores S [T, E].</summary>
    /// <param name="scores">Scores.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all.</param>
    public static Tensor Of(Tensor scores, Tensor? tokenMask = null) => TokenMean.Of(scores.logsumexp(-1).square(), tokenMask);
}
