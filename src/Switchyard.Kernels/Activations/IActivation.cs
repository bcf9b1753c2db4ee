using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Activations;

/// <summary>One activation, at any vector width.</summary>
internal interface IActivation
{
    /// <summary>Whether there is a second input u.</summary>
    static abstract bool Gated { get; }

    /// <summary>h of a and u.</summary>
    static abstract TVector Forward<TLanes, TVector>(TVector a, TVector u)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct;

    /// <summary>h, ∂h/∂a and ∂h/∂u.</summary>
    static abstract (TVector Value, TVector Slope, TVector GateSlope) Backward<TLanes, TVector>(TVector a, TVector u)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct;
}
