using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Balancing.Losses;

/// <summary>The losses of Shazeer et al. 2017 (section 4 and appendix A): squared coefficients of variation, with the population variance, of importance and of smooth load.</summary>
public static class ImportanceLoss
{
    /// <summary>CV²(v) = var(v) / mean(v)² of v [E].</summary>
    public static Tensor SquaredVariation(Tensor values)
    {
        Tensor mean = values.mean();
        return (values - mean).square().mean() / (mean.square() + Held(1e-10));
    }

    /// <summary>Importance of each expert, Σ_t W, [E], differentiable.</summary>
    /// <param name="assignment">Experts and weights [T, k].</param>
    /// <param name="experts">Number of experts E.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all.</param>
    public static Tensor Importance(Assignment assignment, int experts, Tensor? tokenMask = null)
    {
        Tensor weights = assignment.Weights;
        if (tokenMask is not null)
        {
            weights = weights.masked_fill(tokenMask.logical_not().unsqueeze(1), Held(0));
        }

        return zeros(experts, weights.dtype, weights.device)
            .scatter_add(0, assignment.Experts.clamp_min(Held(0)).flatten(), weights.flatten());
    }

    /// <summary>Smooth load of each expert, Σ_t Φ((clean_te − the k-th largest noisy score of the others) / deviation_te), [E]: the expected pairs if its own noise were drawn again.</summary>
    /// <param name="noise">Scores before and after noise, [T, E].</param>
    /// <param name="k">Experts a token.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all.</param>
    public static Tensor SmoothLoad(NoisyScores noise, int k, Tensor? tokenMask = null)
    {
        long experts = noise.Noisy.shape[1];
        if (k >= experts)
        {
            return ones_like(noise.Noisy).sum([0]);
        }

        Tensor best = noise.Noisy.topk(k + 1).values;
        Tensor inside = best.narrow(1, k - 1, 1);
        Tensor outside = best.narrow(1, k, 1);
        Tensor bar = where(noise.Noisy.ge(inside), outside, inside);
        Tensor z = (noise.Clean - bar) / noise.Deviation.clamp_min(Held(1e-9));
        Tensor probability = Held(0.5) * (Held(1) + (z * Held(Math.Sqrt(0.5))).erf());
        if (tokenMask is not null)
        {
            probability = probability.masked_fill(tokenMask.logical_not().unsqueeze(1), Held(0));
        }

        return probability.sum([0]);
    }
}
