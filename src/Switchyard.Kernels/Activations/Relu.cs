using System.Runtime.CompilerServices;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Activations;

/// <summary>h = max(0, a), in this order, which lets NaN pass; ∂h/∂a is 1 where a &gt; 0, else 0.</summary>
internal readonly struct Relu : IActivation
{
    public static bool Gated => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Forward<TLanes, TVector>(TVector a, TVector u)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct =>
        TLanes.Max(TLanes.Zero, a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVector Value, TVector Slope, TVector GateSlope) Backward<TLanes, TVector>(TVector a, TVector u)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct =>
        (TLanes.Max(TLanes.Zero, a), TLanes.WherePositive(a, TLanes.Broadcast(1), TLanes.Zero), TLanes.Zero);
}
