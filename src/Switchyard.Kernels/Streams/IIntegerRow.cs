using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Streams;

/// <summary>A row of stored integers: weight k is (code k − <see cref="Zero"/>) · scale of k.</summary>
internal interface IIntegerRow
{
    /// <summary>The code of weight 0.</summary>
    static abstract int Zero { get; }

    /// <summary>32 codes from column k on, a multiple of 32, in the order of the matrix's <see cref="IntegerForm"/>.</summary>
    void Read(nint k, out Vector256<short> first, out Vector256<short> second);

    /// <summary>Scales of the row.</summary>
    unsafe float* Scales { get; }

    /// <summary>Base-2 logarithm of the columns that share a scale.</summary>
    int Shift { get; }

    /// <summary>One weight.</summary>
    float Value(nint k);
}
