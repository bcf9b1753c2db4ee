using System.Runtime.InteropServices;

namespace Switchyard.Training.Optimization;

/// <summary>The numbers of one AdamW step of one parameter.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AdamWCoefficients(float Clip, float Beta1, float Beta2, float Decay, float Rate, float RootCorrection, float Epsilon);
