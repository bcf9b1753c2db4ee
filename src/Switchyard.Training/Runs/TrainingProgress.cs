using System.Runtime.InteropServices;

namespace Switchyard.Training.Runs;

/// <summary>Where a run is.</summary>
/// <param name="Row">Name of the row, such as <c>linear+bias</c>.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Training loss of the last step.</param>
/// <param name="TokensPerSecond">Speed of late.</param>
/// <param name="Phase">What is going on: <c>training</c>, <c>evaluating</c>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TrainingProgress(string Row, int Step, int Steps, double Loss, double TokensPerSecond, string Phase);
