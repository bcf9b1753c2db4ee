using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>A set of M diagonal Gaussians in latent space, or of M points.</summary>
/// <param name="Mean">Means μ [M, z].</param>
/// <param name="LogVariance">log σ² [M, z]; null for points.</param>
internal readonly record struct LatentGaussians(Tensor Mean, Tensor? LogVariance);
