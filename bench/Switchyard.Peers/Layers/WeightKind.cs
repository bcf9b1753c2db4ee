namespace Switchyard.Peers.Layers;

/// <summary>Type of the experts' weights, the widest first.</summary>
internal enum WeightKind
{
    /// <summary>32-bit numbers.</summary>
    Fp32,

    /// <summary>16-bit numbers.</summary>
    Bf16,

    /// <summary>8-bit integers with scales.</summary>
    Int8,

    /// <summary>4-bit integers with scales.</summary>
    Int4,
}
