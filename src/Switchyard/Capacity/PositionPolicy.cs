using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Capacity;

/// <summary>Drops the later pairs of a full expert in (slot, token) order: all first choices are served before any second choice (GShard, Switch).</summary>
public sealed class PositionPolicy(CapacityOptions options) : OverflowPolicy(options)
{
    private protected override bool Resolve(PairTable table, Assignment assignment, Tensor preparedScores, Selector selector)
    {
        table.ServeByPosition(table.Drop);
        return false;
    }
}
