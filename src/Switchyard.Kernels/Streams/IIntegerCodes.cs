using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Streams;

/// <summary>Codes of a row of stored integers, 64 at a time: weight k is (code k − <see cref="Zero"/>) · scale of k.</summary>
internal unsafe interface IIntegerCodes
{
    /// <summary>The code of weight 0.</summary>
    static abstract int Zero { get; }

    /// <summary>Bytes of 64 codes.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>64 codes in 16 bits, those of the first 32 columns in the lower halves of the vectors, those of the others in the upper ones.</summary>
    static abstract void Read(byte* codes, out Vector256<short> a, out Vector256<short> b, out Vector256<short> c, out Vector256<short> d);

    /// <summary>Of 64 values in the order of their columns, the order in which <see cref="Read"/> gives codes.</summary>
    static abstract void Order(ref Vector256<short> a, ref Vector256<short> b, ref Vector256<short> c, ref Vector256<short> d);
}
