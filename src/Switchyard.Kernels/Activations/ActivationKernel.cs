using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Activations;

/// <summary>Applies an activation to finished tiles while they are in the first cache. All rows are lines of a panel, 32 values apart.</summary>
internal static unsafe class ActivationKernel
{
    /// <summary>Whether the first product of <paramref name="activation"/> has two halves.</summary>
    public static bool IsGated(Activation activation) => activation == Activation.SwiGlu;

    /// <summary>h = activation(a, u).</summary>
    /// <param name="activation">Which.</param>
    /// <param name="a">[rows, 32].</param>
    /// <param name="u">[rows, 32]; not read without a gate.</param>
    /// <param name="h">[rows, 32].</param>
    /// <param name="rows">Features.</param>
    /// <param name="lanes">16 or 32.</param>
    public static void Forward(Activation activation, float* a, float* u, float* h, int rows, int lanes)
    {
        switch (activation)
        {
            case Activation.SwiGlu: Forward<SwiGlu>(a, u, h, rows, lanes); break;
            case Activation.Gelu: Forward<Gelu>(a, a, h, rows, lanes); break;
            case Activation.Relu: Forward<Relu>(a, a, h, rows, lanes); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation), activation, "Unknown activation.");
        }
    }

    /// <summary>From g = Wᵀ·dy, before the weight w of the lane: da = w·g·∂h/∂a, du = w·g·∂h/∂u, and what the other gradients need.</summary>
    /// <param name="activation">Which.</param>
    /// <param name="a">[rows, 32].</param>
    /// <param name="u">[rows, 32].</param>
    /// <param name="g">[rows, 32]; becomes w·h.</param>
    /// <param name="weights">Weight of each lane, [32].</param>
    /// <param name="da">[rows, 32].</param>
    /// <param name="du">[rows, 32]; not written without a gate.</param>
    /// <param name="dots">[32]; h·g of each lane is added, row by row.</param>
    /// <param name="rows">Features.</param>
    /// <param name="lanes">16 or 32.</param>
    public static void Backward(Activation activation, float* a, float* u, float* g, float* weights, float* da, float* du, float* dots, int rows, int lanes)
    {
        switch (activation)
        {
            case Activation.SwiGlu: Backward<SwiGlu>(a, u, g, weights, da, du, dots, rows, lanes); break;
            case Activation.Gelu: Backward<Gelu>(a, a, g, weights, da, du, dots, rows, lanes); break;
            case Activation.Relu: Backward<Relu>(a, a, g, weights, da, du, dots, rows, lanes); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation), activation, "Unknown activation.");
        }
    }

    private static void Forward<TActivation>(float* a, float* u, float* h, int rows, int lanes)
        where TActivation : struct, IActivation
    {
        if (Vector512.IsHardwareAccelerated)
            Forward<TActivation, Lanes512, Vector512<float>>(a, u, h, rows, lanes);
        else if (Vector256.IsHardwareAccelerated)
            Forward<TActivation, Lanes256, Vector256<float>>(a, u, h, rows, lanes);
        else
            Forward<TActivation, Lanes128, Vector128<float>>(a, u, h, rows, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward<TActivation, TLanes, TVector>(float* a, float* u, float* h, int rows, int lanes)
        where TActivation : struct, IActivation
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        for (int row = 0; row < rows; row++)
        {
            int line = row * TileKernels.PanelLanes;
            for (int i = line; i < line + lanes; i += TLanes.Count)
                TLanes.Store(TActivation.Forward<TLanes, TVector>(TLanes.Load(a + i), TLanes.Load(u + i)), h + i);
        }
    }

    private static void Backward<TActivation>(float* a, float* u, float* g, float* weights, float* da, float* du, float* dots, int rows, int lanes)
        where TActivation : struct, IActivation
    {
        if (Vector512.IsHardwareAccelerated)
            Backward<TActivation, Lanes512, Vector512<float>>(a, u, g, weights, da, du, dots, rows, lanes);
        else if (Vector256.IsHardwareAccelerated)
            Backward<TActivation, Lanes256, Vector256<float>>(a, u, g, weights, da, du, dots, rows, lanes);
        else
            Backward<TActivation, Lanes128, Vector128<float>>(a, u, g, weights, da, du, dots, rows, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward<TActivation, TLanes, TVector>(float* a, float* u, float* g, float* weights, float* da, float* du, float* dots, int rows, int lanes)
        where TActivation : struct, IActivation
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        for (int lane = 0; lane < lanes; lane += TLanes.Count)
        {
            TVector weight = TLanes.Load(weights + lane);
            TVector dot = TLanes.Load(dots + lane);
            for (int row = 0; row < rows; row++)
            {
                int i = (row * TileKernels.PanelLanes) + lane;
                (TVector value, TVector slope, TVector gateSlope) = TActivation.Backward<TLanes, TVector>(TLanes.Load(a + i), TLanes.Load(u + i));
                TVector upstream = TLanes.Load(g + i);
                dot = TLanes.MultiplyAdd(value, upstream, dot);
                upstream = TLanes.Multiply(upstream, weight);
                TLanes.Store(TLanes.Multiply(upstream, slope), da + i);
                if (TActivation.Gated)
                    TLanes.Store(TLanes.Multiply(upstream, gateSlope), du + i);
                TLanes.Store(TLanes.Multiply(value, weight), g + i);
            }
            TLanes.Store(dot, dots + lane);
        }
    }
}
