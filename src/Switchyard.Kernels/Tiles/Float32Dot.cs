using System.Runtime.CompilerServices;

namespace Switchyard.Kernels.Tiles;

/// <summary>fp32 by fp32.</summary>
internal readonly struct Float32Dot<TLanes, TVector> : IDot<TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Add(TVector a, TVector b, TVector sum) => TLanes.MultiplyAdd(a, b, sum);
}
