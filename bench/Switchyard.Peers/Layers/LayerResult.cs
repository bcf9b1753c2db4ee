using Switchyard.Peers.Results;

namespace Switchyard.Peers.Layers;

/// <summary>What <c>layer</c> measured.</summary>
/// <param name="Machine">The machine.</param>
/// <param name="Ggml">What ggml was built for.</param>
/// <param name="Rows">A row a measurement.</param>
/// <param name="Ratios">The best peers beside the best of ours.</param>
internal sealed record LayerResult(Machine Machine, string Ggml, IReadOnlyList<LayerRow> Rows, IReadOnlyList<LayerRatio> Ratios)
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = "switchyard.peers-layer/1";
}
