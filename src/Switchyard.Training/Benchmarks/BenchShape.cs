namespace Switchyard.Training.Benchmarks;

/// <summary>The shape of one MoE layer of a known model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="HiddenSize">Hidden size d.</param>
/// <param name="InnerSize">Inner size f of an expert.</param>
/// <param name="Experts">Experts E.</param>
/// <param name="TopK">Experts a token, k.</param>
/// <param name="SharedInnerSize">Inner size of the shared expert; 0 for none.</param>
public sealed record BenchShape(string Name, int HiddenSize, int InnerSize, int Experts, int TopK, int SharedInnerSize = 0) : ICatalogEntry
{
    /// <summary>The shapes by name.</summary>
    public static Catalog<BenchShape> All { get; } = new("shape")
    {
        new BenchShape("quick", 128, 64, 16, 2),
        new BenchShape("lpr-mini", 256, 32, 128, 8),
        new BenchShape("small", 256, 128, 32, 4),
        new BenchShape("lpr", 1024, 128, 128, 8),
        new BenchShape("mixtral-mini", 1024, 3584, 8, 2),
        new BenchShape("olmoe", 2048, 1024, 64, 8),
        new BenchShape("qwen3-30b", 2048, 768, 128, 8),
        new BenchShape("qwen15moe", 2048, 1408, 60, 4, 5632),
    };

    /// <inheritdoc/>
    public string Summary => $"hidden {HiddenSize}, inner {InnerSize}, {Experts} experts top-{TopK}{(SharedInnerSize > 0 ? $", shared {SharedInnerSize}" : string.Empty)}";

    /// <summary>Weights of one expert.</summary>
    public long ExpertParameters => 3L * HiddenSize * InnerSize;

    /// <summary>Operations of the routed experts for T tokens in the forward pass.</summary>
    public double Operations(int tokens) => 6.0 * tokens * TopK * HiddenSize * InnerSize;
}
