using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Activations;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Attention;

/// <summary>
/// Softmax over keys that come block by block (Milakov and Gimelshein 2018, arXiv 1805.02867): of each query the largest score m so
/// far and Σ e^(s − m) are kept. Exponents are to the base 2. Lanes are queries, and each is on its own.
/// </summary>
internal readonly unsafe struct OnlineSoftmax
{
    /// <summary>Numbers kept for a query.</summary>
    public const int States = 3;

    private readonly float* _largest;
    private readonly float _scale;

    /// <summary>Begins with no keys.</summary>
    /// <param name="state">[3, 96].</param>
    /// <param name="scale">Factor on the scores, with log₂ e in it.</param>
    public OnlineSoftmax(float* state, float scale)
    {
        _largest = state;
        _scale = scale;
        Sums = state + CausalAttention.QueryBlock;
        Factors = Sums + CausalAttention.QueryBlock;
        new Span<float>(_largest, CausalAttention.QueryBlock).Fill(float.MinValue);
        new Span<float>(Sums, CausalAttention.QueryBlock).Clear();
    }

    /// <summary>Σ 2^(s − m), [96].</summary>
    public float* Sums { get; }

    /// <summary>What the last keys make of earlier sums, [96].</summary>
    public float* Factors { get; }

    /// <summary>log₂ Σ 2^s.</summary>
    public float LogSum(int query) => _largest[query] + MathF.Log2(Sums[query]);

    /// <summary>Turns scores into 2^(s − m), 0 where the key comes after the query.</summary>
    /// <param name="block">Which keys and queries.</param>
    /// <param name="panel">Which panel of the queries.</param>
    /// <param name="scores">[keys, 96].</param>
    public void Add(AttentionBlock block, int panel, float* scores)
    {
        if (Vector512.IsHardwareAccelerated)
            Add<Lanes512, Vector512<float>>(block, panel, scores);
        else if (Vector256.IsHardwareAccelerated)
            Add<Lanes256, Vector256<float>>(block, panel, scores);
        else
            Add<Lanes128, Vector128<float>>(block, panel, scores);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add<TLanes, TVector>(AttentionBlock block, int panel, float* scores)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        const int Pitch = CausalAttention.QueryBlock;
        TVector scale = TLanes.Broadcast(_scale);
        int keys = block.KeysOf(panel), end = (panel * Panel.Lanes) + Panel.Rounded(block.LanesOf(panel));
        block.Hide(panel, scores);
        for (int lane = panel * Panel.Lanes; lane < end; lane += 2 * TLanes.Count)
        {
            float* column = scores + lane, stop = column + ((nint)keys * Pitch);
            TVector before0 = TLanes.Load(_largest + lane), before1 = TLanes.Load(_largest + lane + TLanes.Count);
            TVector raw0 = TLanes.Broadcast(float.MinValue), raw1 = raw0;
            for (float* at = column; at < stop; at += Pitch)
            {
                raw0 = TLanes.Max(TLanes.Load(at), raw0);
                raw1 = TLanes.Max(TLanes.Load(at + TLanes.Count), raw1);
            }
            TVector largest0 = TLanes.Max(TLanes.Multiply(raw0, scale), before0), largest1 = TLanes.Max(TLanes.Multiply(raw1, scale), before1);
            TVector minus0 = TLanes.Subtract(TLanes.Zero, largest0), minus1 = TLanes.Subtract(TLanes.Zero, largest1);
            TVector sum0 = TLanes.Zero, sum1 = TLanes.Zero;
            for (float* at = column; at < stop; at += Pitch)
            {
                TVector value0 = VectorMath<TLanes, TVector>.ExpBaseTwo(TLanes.MultiplyAdd(TLanes.Load(at), scale, minus0));
                TVector value1 = VectorMath<TLanes, TVector>.ExpBaseTwo(TLanes.MultiplyAdd(TLanes.Load(at + TLanes.Count), scale, minus1));
                sum0 = TLanes.Add(sum0, value0);
                sum1 = TLanes.Add(sum1, value1);
                TLanes.Store(value0, at);
                TLanes.Store(value1, at + TLanes.Count);
            }
            Keep<TLanes, TVector>(lane, before0, largest0, sum0);
            Keep<TLanes, TVector>(lane + TLanes.Count, before1, largest1, sum1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Keep<TLanes, TVector>(int lane, TVector before, TVector largest, TVector sum)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        TVector factor = VectorMath<TLanes, TVector>.ExpBaseTwo(TLanes.Subtract(before, largest));
        TLanes.Store(factor, Factors + lane);
        TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(Sums + lane), factor, sum), Sums + lane);
        TLanes.Store(largest, _largest + lane);
    }
}
