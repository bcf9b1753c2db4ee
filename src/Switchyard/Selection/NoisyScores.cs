using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>Scores before and after learned noise (Shazeer et al. 2017), from which the smooth load is estimated.</summary>
/// <param name="Clean">Scores without noise [T, E].</param>
/// <param name="Noisy">Clean + normal·deviation [T, E].</param>
/// <param name="Deviation">Standard deviation of the noise, softplus(X·W_noiseᵀ) [T, E].</param>
public sealed record NoisyScores(Tensor Clean, Tensor Noisy, Tensor Deviation);
