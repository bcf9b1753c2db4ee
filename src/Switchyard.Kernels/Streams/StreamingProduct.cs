using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Streams;

/// <summary>
/// Products with very few tokens, where the weights pass by once and memory is the limit: lanes run along k, four rows of
/// weights share the loads of a token, and each sum is added up over its lanes at the end.
/// </summary>
internal static unsafe class StreamingProduct
{
    /// <summary>Most tokens for which lanes along k beat lanes along tokens.</summary>
    public const int MaxTokens = 8;

    /// <summary>Rows that are read together.</summary>
    public const int Rows = 4;

    /// <summary>sums[token · 4 + row] = Σ_k weights[row, k] · tokens[token][k].</summary>
    /// <param name="weights">[rows, length], row after row <paramref name="stride"/> values apart.</param>
    /// <param name="stride">Values between rows.</param>
    /// <param name="rows">1 to 4.</param>
    /// <param name="tokens">Addresses of the tokens, [count].</param>
    /// <param name="count">Tokens.</param>
    /// <param name="length">K.</param>
    /// <param name="sums">[count, 4].</param>
    public static void Multiply(float* weights, nint stride, int rows, float** tokens, int count, int length, float* sums)
    {
        if (Vector512.IsHardwareAccelerated)
            Multiply<Lanes512, Vector512<float>>(weights, stride, rows, tokens, count, length, sums);
        else if (Vector256.IsHardwareAccelerated)
            Multiply<Lanes256, Vector256<float>>(weights, stride, rows, tokens, count, length, sums);
        else
            Multiply<Lanes128, Vector128<float>>(weights, stride, rows, tokens, count, length, sums);
    }

    private static void Multiply<TLanes, TVector>(float* weights, nint stride, int rows, float** tokens, int count, int length, float* sums)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        for (int t = 0; t < count; t++)
        {
            if (rows == Rows)
            {
                Four<TLanes, TVector>(weights, stride, tokens[t], length, sums + (t * Rows));
                continue;
            }
            for (int row = 0; row < rows; row++)
                sums[(t * Rows) + row] = One<TLanes, TVector>(weights + (row * stride), tokens[t], length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four<TLanes, TVector>(float* w0, nint stride, float* x, int length, float* sums)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        float* w1 = w0 + stride, w2 = w1 + stride, w3 = w2 + stride;
        TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
        TVector b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
        int k = 0;
        for (; k + (2 * TLanes.Count) <= length; k += 2 * TLanes.Count)
        {
            TVector low = TLanes.Load(x + k), high = TLanes.Load(x + k + TLanes.Count);
            a0 = TLanes.MultiplyAdd(TLanes.Load(w0 + k), low, a0);
            a1 = TLanes.MultiplyAdd(TLanes.Load(w1 + k), low, a1);
            a2 = TLanes.MultiplyAdd(TLanes.Load(w2 + k), low, a2);
            a3 = TLanes.MultiplyAdd(TLanes.Load(w3 + k), low, a3);
            b0 = TLanes.MultiplyAdd(TLanes.Load(w0 + k + TLanes.Count), high, b0);
            b1 = TLanes.MultiplyAdd(TLanes.Load(w1 + k + TLanes.Count), high, b1);
            b2 = TLanes.MultiplyAdd(TLanes.Load(w2 + k + TLanes.Count), high, b2);
            b3 = TLanes.MultiplyAdd(TLanes.Load(w3 + k + TLanes.Count), high, b3);
        }
        sums[0] = TLanes.Sum(TLanes.Add(a0, b0)) + Rest(w0, x, k, length);
        sums[1] = TLanes.Sum(TLanes.Add(a1, b1)) + Rest(w1, x, k, length);
        sums[2] = TLanes.Sum(TLanes.Add(a2, b2)) + Rest(w2, x, k, length);
        sums[3] = TLanes.Sum(TLanes.Add(a3, b3)) + Rest(w3, x, k, length);
    }

    /// <summary>One row, in the order of four rows, so that a row has the same bits in any company.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float One<TLanes, TVector>(float* w, float* x, int length)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        TVector a = TLanes.Zero, b = TLanes.Zero;
        int k = 0;
        for (; k + (2 * TLanes.Count) <= length; k += 2 * TLanes.Count)
        {
            a = TLanes.MultiplyAdd(TLanes.Load(w + k), TLanes.Load(x + k), a);
            b = TLanes.MultiplyAdd(TLanes.Load(w + k + TLanes.Count), TLanes.Load(x + k + TLanes.Count), b);
        }
        return TLanes.Sum(TLanes.Add(a, b)) + Rest(w, x, k, length);
    }

    private static float Rest(float* w, float* x, int k, int length)
    {
        float sum = 0;
        for (; k < length; k++)
            sum = float.MultiplyAddEstimate(w[k], x[k], sum);
        return sum;
    }
}
