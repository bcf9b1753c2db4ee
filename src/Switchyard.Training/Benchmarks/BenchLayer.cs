namespace Switchyard.Training.Benchmarks;

/// <summary>Layers to time.</summary>
internal static class BenchLayer
{
    public const int VocabularySize = 256;

    /// <summary>A layer in inference; one that only lends its router has the smallest experts there are.</summary>
    public static MoeLayer Make(BenchShape shape, RoutingRecipe recipe, bool withExperts, string? executor = null)
    {
        MoeLayer layer = new(new MoeLayerOptions
        {
            HiddenSize = shape.HiddenSize,
            Experts = shape.Experts,
            TopK = shape.TopK,
            InnerSize = withExperts ? shape.InnerSize : 1,
            SharedInnerSize = withExperts ? shape.SharedInnerSize : 0,
            SharedGate = withExperts && shape.SharedInnerSize > 0,
            Routing = recipe,
            VocabularySize = VocabularySize,
            Executor = executor ?? Experts.Executors.Default,
        });
        layer.eval();
        return layer;
    }
}
