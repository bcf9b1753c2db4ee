using Switchyard.Experts;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Layers to time.</summary>
internal static class BenchLayer
{
    public const int VocabularySize = 256;

    /// <summary>How far the score of a chosen expert lies above those of the others, which are of deviation 1.</summary>
    private const float Preference = 16;

    /// <summary>A layer in inference; one that only lends its router has the smallest experts there are.</summary>
    public static MoeLayer Make(BenchShape shape, RoutingRecipe recipe, bool withExperts, string? executor = null, ExecutorOptions? options = null, StoredExperts? stored = null)
    {
        MoeLayer layer = new(
            new MoeLayerOptions
            {
                HiddenSize = shape.HiddenSize,
                Experts = shape.Experts,
                TopK = shape.TopK,
                InnerSize = withExperts ? shape.InnerSize : 1,
                SharedInnerSize = withExperts ? shape.SharedInnerSize : 0,
                SharedGate = withExperts && shape.SharedInnerSize > 0,
                Routing = recipe,
                VocabularySize = VocabularySize,
                Executor = executor ?? Executors.Default,
                ExecutorOptions = options ?? new ExecutorOptions(),
            },
            storedExperts: stored);
        layer.eval();
        return layer;
    }

    /// <summary>Makes a linear router choose given experts: expert e scores by coordinate e, and the tokens are changed there, the later slot a little less.</summary>
    /// <param name="layer">The layer of the router.</param>
    /// <param name="x">Tokens [T, d].</param>
    /// <param name="experts">Experts [T, k] int64.</param>
    public static void Route(MoeLayer layer, Tensor x, Tensor experts)
    {
        using var quiet = no_grad();
        layer.Router.get_parameter("W_g")!.copy_(eye(layer.Options.Experts, layer.Options.HiddenSize));
        Tensor scores = (Held(Preference) - arange(experts.size(1), ScalarType.Float32)).expand_as(experts);
        x.scatter_(1, experts, scores.to(x.dtype));
    }
}
