namespace Switchyard.Routing.LatentPrototypes;

/// <summary>How the latent code μ [z] of a token is compared with a prototype p [z] that is a point.</summary>
public enum PrototypeSimilarity
{
    /// <summary>Cosine of the angle.</summary>
    Cosine,

    /// <summary>Dot product.</summary>
    Dot,

    /// <summary>exp(−‖μ − p‖²/2).</summary>
    Gaussian,

    /// <summary>1/(1 + Σ_i e^{−s_i}(μ_i − p_i)²) with learned s [z].</summary>
    Mahalanobis,

    /// <summary>Dot product over √z of learned projections of μ and p, each RMS-normalised.</summary>
    Attention,
}
