using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>A similarity that learns nothing.</summary>
internal sealed class FixedSimilarity(string name, Func<LatentGaussians, LatentGaussians, Tensor> function) : SimilarityFunction(name)
{
    public override Tensor Scores(LatentGaussians tokens, LatentGaussians prototypes) => function(tokens, prototypes);
}
