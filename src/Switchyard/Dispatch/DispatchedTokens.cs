using static TorchSharp.torch;

namespace Switchyard.Dispatch;

/// <summary>What an executor works on: tokens that are here, and the plan over them.</summary>
/// <param name="X">Hidden states [T, d].</param>
/// <param name="Weights">Combine weights [T, k].</param>
/// <param name="Plan">The kept pairs, sorted by expert.</param>
public sealed record DispatchedTokens(Tensor X, Tensor Weights, DispatchPlan Plan);
