namespace Switchyard.Routing;

/// <summary>Sizes and settings of a router.</summary>
public sealed record RouterOptions
{
    /// <summary>Hidden size d.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of experts E.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts a token, k; used by routers that choose by themselves (hash, random) and by the losses of LPR.</summary>
    public required int TopK { get; init; }

    /// <summary>Vocabulary size, needed by balanced hash routing; 0 where unknown.</summary>
    public int VocabularySize { get; init; }

    /// <summary>Index of the MoE layer in its model, mixed into hashes.</summary>
    public int Layer { get; init; }

    /// <summary>Seed of hashes and random routing.</summary>
    public long Seed { get; init; }

    /// <summary>Whether the linear router has a bias.</summary>
    public bool Bias { get; init; }

    /// <summary>Key size r of attention and hybrid routers.</summary>
    public int KeySize { get; init; } = 64;

    /// <summary>Heads h of the attention router; the head scores are averaged.</summary>
    public int Heads { get; init; } = 1;

    /// <summary>Hidden width m of MLP and MLP-Hadamard routers.</summary>
    public int HiddenWidth { get; init; } = 128;
}
