using Switchyard.Models.Weights;

namespace Switchyard.Models.Checkpoints;

/// <summary>The matrices of an MoE layer as integers by group.</summary>
/// <param name="GateUp">First matrices of the experts, [2f, d] (gate above up) or [f, d].</param>
/// <param name="Down">Second matrices, [d, f].</param>
/// <param name="Shared">First and second matrix of the shared expert; empty for none.</param>
public sealed record RoundedLayer(IReadOnlyList<RoundedMatrix> GateUp, IReadOnlyList<RoundedMatrix> Down, IReadOnlyList<RoundedMatrix> Shared) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (RoundedMatrix matrix in GateUp.Concat(Down).Concat(Shared))
        {
            matrix.Dispose();
        }
    }
}
