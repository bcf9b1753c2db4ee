using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>Scores S [T, E] of tokens against prototypes, with whatever it learns for that.</summary>
internal abstract class SimilarityFunction(string name) : nn.Module(name)
{
    /// <summary>The function that the options name.</summary>
    public static SimilarityFunction Create(LatentPrototypeOptions options) => options.Distribution switch
    {
        PrototypeDistribution.Kl => new FixedSimilarity("kl", (t, p) => GaussianDivergence.Kl(t, p).neg()),
        PrototypeDistribution.Js => new FixedSimilarity("js", (t, p) => GaussianDivergence.Js(t, p).neg()),
        PrototypeDistribution.Hellinger => new FixedSimilarity("hellinger", (t, p) => GaussianDivergence.Hellinger(t, p).neg()),
        PrototypeDistribution.Wasserstein => new FixedSimilarity("wasserstein", (t, p) => GaussianDivergence.Wasserstein(t, p).neg()),
        PrototypeDistribution.Dot => new FixedSimilarity("dot", PointSimilarity.Dot),
        _ => options.Similarity switch
        {
            PrototypeSimilarity.Cosine => new FixedSimilarity("cosine", PointSimilarity.Cosine),
            PrototypeSimilarity.Dot => new FixedSimilarity("dot", PointSimilarity.Dot),
            PrototypeSimilarity.Gaussian => new FixedSimilarity("gaussian", PointSimilarity.Gaussian),
            PrototypeSimilarity.Mahalanobis => new MahalanobisSimilarity(options.LatentSize),
            _ => new AttentionSimilarity(options.LatentSize),
        },
    };

    /// <summary>Scores [T, E] of T tokens against E prototypes.</summary>
    public abstract Tensor Scores(LatentGaussians tokens, LatentGaussians prototypes);
}
