using System.Runtime.CompilerServices;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Activations;

/// <summary>h = a · s(a) · u, s(a) = 1 / (1 + e^−a); ∂h/∂a = u · s · (1 + a · (1 − s)), ∂h/∂u = a · s.</summary>
internal readonly struct SwiGlu : IActivation
{
    public static bool Gated => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Forward<TLanes, TVector>(TVector a, TVector u)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct =>
        TLanes.Multiply(TLanes.Multiply(a, VectorMath<TLanes, TVector>.Sigmoid(a)), u);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVector Value, TVector Slope, TVector GateSlope) Backward<TLanes, TVector>(TVector a, TVector u)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        TVector one = TLanes.Broadcast(1);
        TVector s = VectorMath<TLanes, TVector>.Sigmoid(a);
        TVector silu = TLanes.Multiply(a, s);
        TVector slope = TLanes.Multiply(s, TLanes.MultiplyAdd(a, TLanes.Subtract(one, s), one));
        return (TLanes.Multiply(silu, u), TLanes.Multiply(u, slope), silu);
    }
}
