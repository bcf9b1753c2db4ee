namespace Switchyard.Peers.Weights;

/// <summary>Element types of GGUF files, by their numbers in the format.</summary>
internal enum GgufType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32 = 0,

    /// <summary>Blocks of 32 values: a binary16 scale, 16 bytes of two codes around 8, value i in the low half of byte i and value i + 16 in its high half.</summary>
    Q4_0 = 2,

    /// <summary>Blocks of 32 values: a binary16 scale, 32 signed codes.</summary>
    Q8_0 = 8,

    /// <summary>The upper half of a binary32.</summary>
    BF16 = 30,
}
