using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Capacity;

/// <summary>Decides what happens to pairs that do not fit into an expert's capacity C = ⌈capacityFactor·T·k/E⌉.</summary>
public abstract class CapacityPolicy
{
    /// <summary>The assignment with overflowing pairs dropped or re-routed, and the drops counted.</summary>
    /// <param name="assignment">What was chosen: experts [T, k], weights [T, k].</param>
    /// <param name="preparedScores">The scores that the selector weighed, [T, E].</param>
    /// <param name="selector">Weighs experts that a pair is re-routed to.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all. Padding counts for nothing: it takes no place of an expert, and loses its pairs where there is a capacity.</param>
    public abstract Assignment Apply(Assignment assignment, Tensor preparedScores, Selector selector, Tensor? tokenMask = null);
}
