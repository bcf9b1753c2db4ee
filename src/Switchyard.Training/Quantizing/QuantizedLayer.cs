using Switchyard.Models.Weights;

namespace Switchyard.Training.Quantizing;

/// <summary>How an MoE layer was calibrated.</summary>
/// <param name="Layer">Its index.</param>
/// <param name="Routed">Tokens sent to each expert, [E].</param>
/// <param name="Added">Tokens that each was given besides, those nearest to being sent to it, [E].</param>
/// <param name="Error">Change of all products of the layer's experts with the inputs that they were calibrated on.</param>
public sealed record QuantizedLayer(int Layer, IReadOnlyList<int> Routed, IReadOnlyList<int> Added, RoundingError Error);
