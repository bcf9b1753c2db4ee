using System.Runtime.CompilerServices;

namespace Switchyard.Kernels.Tiles;

/// <summary>Pairs of bf16: the odd value of k is added first, then the even one, as <c>vdpbf16ps</c> is described.</summary>
internal readonly struct BFloat16Dot<TLanes, TVector> : IDot<TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Add(TVector a, TVector b, TVector sum) =>
        TLanes.MultiplyAdd(TLanes.LowHalf(a), TLanes.LowHalf(b), TLanes.MultiplyAdd(TLanes.HighHalf(a), TLanes.HighHalf(b), sum));
}
