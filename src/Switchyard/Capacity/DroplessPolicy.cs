using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Capacity;

/// <summary>No capacity: every pair is kept.</summary>
public sealed class DroplessPolicy : CapacityPolicy
{
    /// <inheritdoc/>
    public override Assignment Apply(Assignment assignment, Tensor preparedScores, Selector selector, Tensor? tokenMask = null) => assignment;
}
