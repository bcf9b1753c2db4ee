namespace Switchyard.Models.Checkpoints;

/// <summary>How the experts of a model are laid out.</summary>
/// <param name="MoeLayers">Indices of the MoE layers.</param>
/// <param name="DenseLayers">Indices of the others.</param>
/// <param name="Experts">Experts E of an MoE layer.</param>
/// <param name="TopK">Experts a token.</param>
/// <param name="InnerSize">Inner size f of an expert.</param>
/// <param name="SharedInnerSize">Inner size of the shared expert; 0 for none.</param>
/// <param name="Routing">Router, selector and balancer.</param>
/// <param name="ParametersOfAnExpert">Parameters of one expert.</param>
public sealed record MoeLayout(
    IReadOnlyList<int> MoeLayers,
    IReadOnlyList<int> DenseLayers,
    int Experts,
    int TopK,
    int InnerSize,
    int SharedInnerSize,
    string Routing,
    long ParametersOfAnExpert)
{
    internal static MoeLayout Of(MoeTransformerOptions options)
    {
        ILookup<bool, int> layers = Enumerable.Range(0, options.Layers).ToLookup(options.IsMoe);
        int matrices = options.Activation == Switchyard.Experts.ExpertActivation.SwiGlu ? 3 : 2;
        long biases = options.Moe is { ExpertBias: true } ? ((matrices - 1L) * options.InnerSize) + options.HiddenSize : 0;
        return new MoeLayout(
            [.. layers[true]],
            [.. layers[false]],
            options.Experts,
            options.TopK,
            options.InnerSize,
            options.SharedInnerSize,
            RoutingOf(options),
            ((long)matrices * options.HiddenSize * options.InnerSize) + biases);
    }

    /// <summary>The usual routing, and that of the layers that have another.</summary>
    private static string RoutingOf(MoeTransformerOptions options)
    {
        IEnumerable<string> others = (options.Rerouted ?? new Dictionary<int, LayerRoutingOptions>())
            .GroupBy(r => r.Value.Routing.Name, StringComparer.Ordinal)
            .Select(g => $"{(g.Count() == 1 ? "layer" : "layers")} {string.Join(", ", g.Select(r => r.Key).Order())}: {g.Key}");
        return string.Join("; ", others.Prepend(options.Moe?.Routing.Name ?? "linear"));
    }
}
