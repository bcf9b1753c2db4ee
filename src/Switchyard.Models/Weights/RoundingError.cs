namespace Switchyard.Models.Weights;

/// <summary>What rounding matrices does to their products with the inputs of a calibration: sums of squares of the outputs' change, and of the outputs.</summary>
/// <param name="Plain">‖(W − Q)·Xᵀ‖² of rounding to the nearest.</param>
/// <param name="Calibrated">‖(W − Q)·Xᵀ‖² of what is written.</param>
/// <param name="Output">‖W·Xᵀ‖².</param>
public readonly record struct RoundingError(double Plain, double Calibrated, double Output)
{
    /// <summary>The error of several matrices.</summary>
    public static RoundingError operator +(RoundingError left, RoundingError right) => left.Add(right);

    /// <summary>The error of both.</summary>
    public RoundingError Add(RoundingError other) => new(Plain + other.Plain, Calibrated + other.Calibrated, Output + other.Output);
}
