namespace Switchyard.Kernels.Streams;

/// <summary>A row of stored weights, widened in registers.</summary>
/// <typeparam name="TVector">Vector of fp32.</typeparam>
internal interface IRow<TVector>
{
    /// <summary>Weights k … k + 2·lanes of the row, in two vectors.</summary>
    void Read(nint k, out TVector low, out TVector high);

    /// <summary>One weight.</summary>
    float Value(nint k);

    /// <summary>Asks for the bytes that follow those of column k in about as long as memory takes to answer.</summary>
    void Ask(nint k);
}
