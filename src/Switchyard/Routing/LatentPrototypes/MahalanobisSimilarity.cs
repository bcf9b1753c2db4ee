using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>1/(1 + Σ_i e^{−s_i}(μ_i − p_i)²) with s learned, 0 at first. Parameter <c>log_sigma</c> [z].</summary>
internal sealed class MahalanobisSimilarity : SimilarityFunction
{
    public MahalanobisSimilarity(int latentSize)
        : base("mahalanobis") => this.AddConstant("log_sigma", 0, latentSize);

    public override Tensor Scores(LatentGaussians tokens, LatentGaussians prototypes)
    {
        Tensor weights = this.In("log_sigma", tokens.Mean.dtype).neg().exp();
        return (PointSimilarity.SquaredDistance(tokens.Mean, prototypes.Mean, weights) + Held(1)).reciprocal();
    }
}
