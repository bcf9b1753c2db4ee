namespace Switchyard.Training.Results;

/// <summary>What is wrong with a layer.</summary>
/// <param name="Layer">Index of the layer in the model.</param>
/// <param name="Health">How bad it is.</param>
/// <param name="Starved">Experts with less than a hundredth of the even share.</param>
/// <param name="Reasons">What was found, each with its number; empty for a healthy layer.</param>
public sealed record LayerDiagnosis(int Layer, LayerHealth Health, IReadOnlyList<int> Starved, IReadOnlyList<string> Reasons);
