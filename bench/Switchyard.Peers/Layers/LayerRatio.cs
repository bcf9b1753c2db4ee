namespace Switchyard.Peers.Layers;

/// <summary>The fastest peer beside the fastest of ours.</summary>
/// <param name="Shape">Name of the shape.</param>
/// <param name="Tokens">Tokens T.</param>
/// <param name="Weights">Type of our weights.</param>
/// <param name="Ours">The fastest of ours.</param>
/// <param name="Peer">The fastest peer with weights of the same type or a wider one, of those that were timed.</param>
/// <param name="PeerWeights">Type of its weights.</param>
/// <param name="Ratio">The peer's time ÷ ours.</param>
internal sealed record LayerRatio(string Shape, int Tokens, WeightKind Weights, string Ours, string Peer, WeightKind PeerWeights, double Ratio)
{
    /// <summary>The ratios of rows; what computes something else does not count.</summary>
    public static IEnumerable<LayerRatio> Of(IReadOnlyList<LayerRow> rows) =>
        from row in rows
        where row.IsOurs && row.IsRight
        group row by (row.Shape, row.Tokens, row.Weights) into cell
        let ours = cell.MinBy(r => r.Milliseconds)
        let peer = rows.Where(r => !r.IsOurs && r.IsRight && r.Shape == cell.Key.Shape && r.Tokens == cell.Key.Tokens && r.Weights <= cell.Key.Weights).MinBy(r => r.Milliseconds)
        where peer is not null
        select new LayerRatio(cell.Key.Shape, cell.Key.Tokens, cell.Key.Weights, ours.Name, peer.Name, peer.Weights, peer.Milliseconds / ours.Milliseconds);
}
