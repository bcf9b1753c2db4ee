namespace Switchyard.Routing.LatentPrototypes;

/// <summary>How the code of a token, N(μ, σ²), is compared with a prototype that is itself a diagonal Gaussian, N(μ_p, σ_p²). Scores are minus the divergence.</summary>
public enum PrototypeDistribution
{
    /// <summary>Prototypes are points: see <see cref="PrototypeSimilarity"/>.</summary>
    None,

    /// <summary>Kullback-Leibler divergence of the token from the prototype.</summary>
    Kl,

    /// <summary>Jensen-Shannon divergence through the Gaussian midway, whose mean and variance are the averages of the two.</summary>
    Js,

    /// <summary>Hellinger distance.</summary>
    Hellinger,

    /// <summary>2-Wasserstein distance.</summary>
    Wasserstein,

    /// <summary>Dot product of the means (a similarity: not negated).</summary>
    Dot,
}
