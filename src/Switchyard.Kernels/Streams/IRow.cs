namespace Switchyard.Kernels.Streams;

/// <summary>A row of stored weights, widened in registers.</summary>
/// <typeparam name="TVector">Vector of fp32.</typeparam>
internal interface IRow<TVector>
{
    /// <summary>Weights k … k + 2·lanes of the row, in two vectors.</summary>
    void Read(nint k, out TVector low, out TVector high);

    /// <summary>One weight.</summary>
    float Value(nint k);
}
