using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Activations;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Attention;

/// <summary>P = 2^(c·S − L) again, and dS = P ⊙ (dP − D). Lanes are queries.</summary>
internal static unsafe class SoftmaxGradient
{
    /// <summary>Both, in place; 0 where the key comes after the query.</summary>
    /// <param name="block">Which keys and queries.</param>
    /// <param name="panel">Which panel of the queries.</param>
    /// <param name="scores">S, becomes P, [keys, 96].</param>
    /// <param name="slopes">dP, becomes dS, [keys, 96].</param>
    /// <param name="scale">c, with log₂ e in it.</param>
    /// <param name="logSums">L to the base 2, [96].</param>
    /// <param name="dots">D, [96].</param>
    public static void Apply(AttentionBlock block, int panel, float* scores, float* slopes, float scale, float* logSums, float* dots)
    {
        if (Vector512.IsHardwareAccelerated)
            Apply<Lanes512, Vector512<float>>(block, panel, scores, slopes, scale, logSums, dots);
        else if (Vector256.IsHardwareAccelerated)
            Apply<Lanes256, Vector256<float>>(block, panel, scores, slopes, scale, logSums, dots);
        else
            Apply<Lanes128, Vector128<float>>(block, panel, scores, slopes, scale, logSums, dots);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TLanes, TVector>(AttentionBlock block, int panel, float* scores, float* slopes, float factor, float* logSums, float* dots)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        const int Pitch = CausalAttention.QueryBlock;
        TVector scale = TLanes.Broadcast(factor);
        int keys = block.KeysOf(panel), end = (panel * Panel.Lanes) + Panel.Rounded(block.LanesOf(panel));
        block.Hide(panel, scores);
        for (int lane = panel * Panel.Lanes; lane < end; lane += TLanes.Count)
        {
            TVector minus = TLanes.Subtract(TLanes.Zero, TLanes.Load(logSums + lane)), dot = TLanes.Load(dots + lane);
            nint stop = lane + ((nint)keys * Pitch);
            for (nint at = lane; at < stop; at += Pitch)
            {
                TVector value = VectorMath<TLanes, TVector>.ExpBaseTwo(TLanes.MultiplyAdd(TLanes.Load(scores + at), scale, minus));
                TLanes.Store(value, scores + at);
                TLanes.Store(TLanes.Multiply(value, TLanes.Subtract(TLanes.Load(slopes + at), dot)), slopes + at);
            }
        }
    }
}
