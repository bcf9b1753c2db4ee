using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Metrics;

/// <summary>What one MoE layer did with the T tokens of one forward pass.</summary>
/// <param name="Layer">Index of the layer in the model.</param>
/// <param name="Scores">Scores S [T, E], logits.</param>
/// <param name="Assignment">What was asked for, before any capacity policy: experts [T, k] int64 (−1 for an empty slot) and weights [T, k].</param>
/// <param name="Context">What else is known of the tokens: ids, mask, sequence length.</param>
public sealed record RoutingObservation(int Layer, Tensor Scores, Assignment Assignment, RoutingContext Context)
{
    /// <summary>The hidden states x [T, d] that were scored; null where nobody says.</summary>
    public Tensor? Hidden { get; init; }

    /// <summary>The hidden states that the experts see, [T, d]: <see cref="Hidden"/>, plus the router's residual where it has one; null where nobody says.</summary>
    public Tensor? ExpertInput { get; init; }

    /// <summary>How many of the assignment's pairs the capacity policy then dropped.</summary>
    public long DroppedPairs { get; init; }
}
