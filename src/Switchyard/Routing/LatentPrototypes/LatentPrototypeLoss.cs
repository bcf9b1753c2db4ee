using Switchyard.Balancing;
using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>The parts of the latent prototype router's loss, each a scalar before its weight.</summary>
/// <param name="TokenDiversity">D(μ).</param>
/// <param name="PrototypeDiversity">D(P).</param>
/// <param name="Kl">Mean over tokens of KL(N(μ, σ²) ‖ N(0, 1)) = −½Σ_i(1 + ln σ² − μ² − σ²).</param>
/// <param name="Alignment">Mean |P − Rᵀ·z|, Rᵀ·z without gradient.</param>
internal sealed record LatentPrototypeLoss(Tensor TokenDiversity, Tensor PrototypeDiversity, Tensor Kl, Tensor Alignment)
{
    /// <summary>Computes the parts.</summary>
    /// <param name="measure">How diversity is measured.</param>
    /// <param name="codes">Codes of the tokens, [T, z].</param>
    /// <param name="prototypes">Prototypes P [E, z].</param>
    /// <param name="routed">Rᵀ·z [E, z], without gradient.</param>
    public static LatentPrototypeLoss Of(PrototypeDiversity measure, LatentGaussians codes, Tensor prototypes, Tensor routed)
    {
        Tensor perCode = Held(1) + codes.LogVariance! - (codes.Mean * codes.Mean) - codes.LogVariance!.exp();
        return new LatentPrototypeLoss(
            Diversity.Of(measure, codes.Mean),
            Diversity.Of(measure, prototypes),
            perCode.sum() * Held(-0.5 / Math.Max(1, perCode.shape[0])),
            (prototypes - routed).abs().mean());
    }

    /// <summary>The parts, each times its weight and <see cref="LatentPrototypeOptions.Coefficient"/>.</summary>
    public IReadOnlyList<LossTerm> Terms(LatentPrototypeOptions options) =>
    [
        new("diversity", (TokenDiversity + PrototypeDiversity) * Held(options.DiversityWeight * options.Coefficient)),
        new("kl", Kl * Held(options.KlWeight * options.Coefficient)),
        new("alignment", Alignment * Held(options.AlignWeight * options.Coefficient)),
    ];
}
