using System.Runtime.CompilerServices;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Activations;

/// <summary>h = a · Φ(a); ∂h/∂a = Φ(a) + a · φ(a), φ(a) = e^(−a²/2) / √(2π).</summary>
internal readonly struct Gelu : IActivation
{
    private const float InverseSqrtTwoPi = 0.3989422804f;

    public static bool Gated => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Forward<TLanes, TVector>(TVector a, TVector u)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct =>
        TLanes.Multiply(a, VectorMath<TLanes, TVector>.Normal(a).Distribution);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVector Value, TVector Slope, TVector GateSlope) Backward<TLanes, TVector>(TVector a, TVector u)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        (TVector distribution, TVector bell) = VectorMath<TLanes, TVector>.Normal(a);
        TVector slope = TLanes.MultiplyAdd(TLanes.Multiply(a, TLanes.Broadcast(InverseSqrtTwoPi)), bell, distribution);
        return (TLanes.Multiply(a, distribution), slope, TLanes.Zero);
    }
}
