namespace Switchyard.Routing;

/// <summary>What a <see cref="HashRouter"/> hashes, and how.</summary>
public enum HashMode
{
    /// <summary>A 64-bit mixing hash of token id, layer and seed.</summary>
    Random,

    /// <summary>A table made from token frequencies: the most frequent token first, each to the least loaded experts (Roller et al. 2021).</summary>
    Balanced,

    /// <summary>Sign bits of a fixed random projection of the hidden state, for use where token ids are not at hand.</summary>
    Lsh,
}
