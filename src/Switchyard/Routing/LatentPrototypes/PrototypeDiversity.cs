namespace Switchyard.Routing.LatentPrototypes;

/// <summary>How the diversity D of a set of M rows is measured; smaller is more diverse. N is the set with rows of unit length.</summary>
public enum PrototypeDiversity
{
    /// <summary>Mean square of N·Nᵀ − I.</summary>
    Orthogonal,

    /// <summary>Mean of N·Nᵀ off the diagonal.</summary>
    Cosine,

    /// <summary>Minus the mean distance between two rows.</summary>
    Euclidean,
}
