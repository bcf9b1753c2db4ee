using System.Runtime.InteropServices;

namespace Switchyard.Training.Trainers;

/// <summary>What one optimizer step did.</summary>
/// <param name="Loss">Loss, nats a token, without auxiliary terms.</param>
/// <param name="AuxiliaryTerms">Auxiliary terms by name, each times its coefficient, averaged over the MoE layers.</param>
/// <param name="GradientNorm">Norm of the gradient before clipping.</param>
/// <param name="LearningRate">Learning rate.</param>
/// <param name="Drops">Pairs dropped.</param>
/// <param name="Skipped">Whether the step was skipped, its loss or gradient not being finite.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StepResult(double Loss, IReadOnlyDictionary<string, double> AuxiliaryTerms, double GradientNorm, double LearningRate, long Drops, bool Skipped)
{
    /// <summary>Sum of the auxiliary terms.</summary>
    public double AuxiliaryLoss => AuxiliaryTerms.Values.Sum();
}
