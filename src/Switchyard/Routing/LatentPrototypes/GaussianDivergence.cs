using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>Divergences [T, E] between T and E diagonal Gaussians in z dimensions; μ, v are mean and variance of a token, m, w those of a prototype.</summary>
internal static class GaussianDivergence
{
    // Under a square root, so that its slope stays finite where two distributions are equal.
    private const double LeastSquare = 1e-12;

    /// <summary>KL(token ‖ prototype) = ½Σ(ln w − ln v + (v + (μ − m)²)/w − 1), as products of matrices.</summary>
    public static Tensor Kl(LatentGaussians tokens, LatentGaussians prototypes)
    {
        Tensor inverse = prototypes.LogVariance!.neg().exp();
        Tensor scaled = prototypes.Mean * inverse;
        Tensor quadratic = mm((tokens.Mean * tokens.Mean) + tokens.LogVariance!.exp(), inverse.t()) - (Held(2) * mm(tokens.Mean, scaled.t()));
        Tensor ofPrototype = ((prototypes.Mean * scaled) + prototypes.LogVariance - Held(1)).sum(1);
        return (quadratic + ofPrototype - tokens.LogVariance.sum(1, keepdim: true)) * Held(0.5);
    }

    /// <summary>½KL(token ‖ M) + ½KL(prototype ‖ M), M the Gaussian midway: mean (μ + m)/2, variance (v + w)/2. It comes to Σ(½ln((v + w)/2) − ¼ln v − ¼ln w + (μ − m)²/4(v + w)), which is also Bhattacharyya's distance. Makes a [T, E, z].</summary>
    public static Tensor Js(LatentGaussians tokens, LatentGaussians prototypes)
    {
        Tensor gap = Pairs(tokens.Mean) - prototypes.Mean;
        Tensor sum = Pairs(tokens.LogVariance!.exp()) + prototypes.LogVariance!.exp();
        Tensor perPair = (((sum * Held(0.5)).log() * Held(0.5)) + (gap * gap / (sum * Held(4)))).sum(-1);
        return perPair - ((tokens.LogVariance.sum(1, keepdim: true) + prototypes.LogVariance.sum(1)) * Held(0.25));
    }

    /// <summary>√(1 − BC) with the Bhattacharyya coefficient BC = Π √(2·√(v·w)/(v + w))·exp(−(μ − m)²/4(v + w)), which is exp of minus the distance of <see cref="Js"/>.</summary>
    public static Tensor Hellinger(LatentGaussians tokens, LatentGaussians prototypes) =>
        Js(tokens, prototypes).neg().expm1().neg().clamp_min(Held(LeastSquare)).sqrt();

    /// <summary>√(‖μ − m‖² + ‖√v − √w‖²), as a product of matrices.</summary>
    public static Tensor Wasserstein(LatentGaussians tokens, LatentGaussians prototypes)
    {
        Tensor squared = PointSimilarity.SquaredDistance(MeanAndDeviation(tokens), MeanAndDeviation(prototypes));
        return squared.clamp_min(Held(LeastSquare)).sqrt();
    }

    private static Tensor MeanAndDeviation(LatentGaussians set) => cat([set.Mean, (set.LogVariance! * Held(0.5)).exp()], 1);

    private static Tensor Pairs(Tensor ofTokens) => ofTokens.unsqueeze(1);
}
