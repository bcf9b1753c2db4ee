using System.Runtime.InteropServices;

namespace Switchyard.Training.Trainers;

/// <summary>What one optimizer step did.</summary>
/// <param name="Loss">Loss, nats a token, without auxiliary terms.</param>
/// <param name="AuxiliaryLoss">Sum of auxiliary terms.</param>
/// <param name="GradientNorm">Norm of the gradient before clipping.</param>
/// <param name="LearningRate">Learning rate.</param>
/// <param name="Drops">Pairs dropped.</param>
/// <param name="Skipped">Whether the step was skipped, its loss or gradient not being finite.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StepResult(double Loss, double AuxiliaryLoss, double GradientNorm, double LearningRate, long Drops, bool Skipped);
