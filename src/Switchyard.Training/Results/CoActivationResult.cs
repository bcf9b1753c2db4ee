namespace Switchyard.Training.Results;

/// <summary>Which experts of a layer share tokens.</summary>
/// <param name="Layer">Index of the layer in the model.</param>
/// <param name="Tokens">Tokens that two experts share, [E][E], symmetric, 0 on the diagonal.</param>
/// <param name="Pairs">The pairs of most overlap, at most ten, the strongest first.</param>
public sealed record CoActivationResult(int Layer, IReadOnlyList<IReadOnlyList<long>> Tokens, IReadOnlyList<ExpertPair> Pairs);
