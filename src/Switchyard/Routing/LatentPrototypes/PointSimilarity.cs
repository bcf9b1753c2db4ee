using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>Similarities [T, E] of T codes μ [T, z] with E points p [E, z], each one product of matrices.</summary>
internal static class PointSimilarity
{
    /// <summary>μ·p.</summary>
    public static Tensor Dot(LatentGaussians tokens, LatentGaussians prototypes) => mm(tokens.Mean, prototypes.Mean.t());

    /// <summary>μ·p/(‖μ‖‖p‖).</summary>
    public static Tensor Cosine(LatentGaussians tokens, LatentGaussians prototypes) =>
        mm(nn.functional.normalize(tokens.Mean, 2, 1, 1e-12), nn.functional.normalize(prototypes.Mean, 2, 1, 1e-12).t());

    /// <summary>exp(−‖μ − p‖²/2).</summary>
    public static Tensor Gaussian(LatentGaussians tokens, LatentGaussians prototypes) =>
        SquaredDistance(tokens.Mean, prototypes.Mean).mul(Held(-0.5)).exp();

    /// <summary>Σ_i w_i·(a_i − b_i)² [T, E] for a [T, z], b [E, z], w [z] or all 1, as Σwa² + Σwb² − 2·Σwab: no [T, E, z] is made.</summary>
    public static Tensor SquaredDistance(Tensor a, Tensor b, Tensor? weights = null)
    {
        Tensor weighted = weights is null ? b : b * weights;
        Tensor squares = weights is null ? (a * a).sum(1, keepdim: true) : mv(a * a, weights).unsqueeze(1);
        return squares + (b * weighted).sum(1) - (Held(2) * mm(a, weighted.t()));
    }
}
