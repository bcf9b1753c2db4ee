namespace Switchyard.Kernels.Streams;

/// <summary>How rows of a matrix are multiplied as integers, which says in which order tokens are encoded for them.</summary>
internal enum IntegerForm
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>As signed bytes: <see cref="ByteCodes"/>.</summary>
    Bytes,

    /// <summary>As four-bit codes, two to a byte: <see cref="NibbleCodes"/>.</summary>
    Nibbles,
}
