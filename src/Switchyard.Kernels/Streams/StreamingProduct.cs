using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Streams;

/// <summary>
/// Products with very few tokens, where the weights pass by once and memory is the limit: lanes run along k, four rows of
/// weights share the loads of a token, and each sum is added up over its lanes at the end. Eight rows are widened together.
/// </summary>
internal static unsafe class StreamingProduct
{
    /// <summary>Most tokens for which lanes along k beat lanes along tokens, whatever the weights.</summary>
    public const int MaxTokens = 16;

    private const int MostOfSinglePrecision = 8, MostOfFasterTiles = 3;

    /// <summary>Most tokens for which weights are better read once than multiplied tile by tile: with arithmetic faster than fp32 tiles pay off earlier, unless rows are multiplied four bytes at a time.</summary>
    /// <param name="arithmetic">What tiles would multiply.</param>
    /// <param name="fourBytes">Whether rows are integers that <see cref="RowKernels"/> multiply.</param>
    public static int MostTokens(Arithmetic arithmetic, bool fourBytes) => fourBytes ? MaxTokens : arithmetic is Arithmetic.Fp32 or Arithmetic.Int16 ? MostOfSinglePrecision : MostOfFasterTiles;

    /// <summary>Rows of a call.</summary>
    public const int Rows = 8;

    private const int Together = 4;

    /// <summary>Values of k that are widened at once: all rows of them stay in the first cache. A multiple of all lanes of a step.</summary>
    public const int Block = 512;

    /// <summary>Floats of <see cref="Add"/>'s sums for one token: two vectors, at their widest, for each row.</summary>
    public const int SumsOfToken = 2 * Rows * MaxLanes;

    private const int MaxLanes = 16;

    /// <summary>Adds the products over a block of k to running sums, [count, <see cref="SumsOfToken"/>], which are 0 before the first.</summary>
    /// <param name="weights">[rows, length], row after row <paramref name="stride"/> values apart.</param>
    /// <param name="stride">Values between rows.</param>
    /// <param name="rows">1 to 8.</param>
    /// <param name="tokens">Addresses of the tokens, [count].</param>
    /// <param name="from">First value of k of the tokens.</param>
    /// <param name="count">Tokens.</param>
    /// <param name="length">Values of k; a multiple of <see cref="Block"/> but for the last block.</param>
    /// <param name="sums">Running sums.</param>
    public static void Add(float* weights, nint stride, int rows, float** tokens, int from, int count, int length, float* sums)
    {
        if (Vector512.IsHardwareAccelerated)
            Add<Lanes512, Vector512<float>>(weights, stride, rows, tokens, from, count, length, sums);
        else if (Vector256.IsHardwareAccelerated)
            Add<Lanes256, Vector256<float>>(weights, stride, rows, tokens, from, count, length, sums);
        else
            Add<Lanes128, Vector128<float>>(weights, stride, rows, tokens, from, count, length, sums);
    }

    /// <summary>The sum of a row's running sums.</summary>
    public static float Total(float* sums, int row)
    {
        float* at = sums + (row * 2 * MaxLanes);
        if (Vector512.IsHardwareAccelerated)
            return Total<Lanes512, Vector512<float>>(at);
        return Vector256.IsHardwareAccelerated ? Total<Lanes256, Vector256<float>>(at) : Total<Lanes128, Vector128<float>>(at);
    }

    private static float Total<TLanes, TVector>(float* sums)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.Sum(TLanes.Add(TLanes.Load(sums), TLanes.Load(sums + MaxLanes)));

    private static void Add<TLanes, TVector>(float* weights, nint stride, int rows, float** tokens, int from, int count, int length, float* sums)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        // Four rows for all tokens, then the next four: they are in the first cache then.
        for (int first = 0; first < rows; first += Together)
        {
            int last = Math.Min(rows, first + Together);
            for (int t = 0; t < count; t++)
                UpToFour<TLanes, TVector>(weights, stride, first, last, tokens[t] + from, length, sums + (t * SumsOfToken));
        }
    }

    private static void UpToFour<TLanes, TVector>(float* weights, nint stride, int first, int last, float* x, int length, float* of)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        if (last - first == Together)
        {
            Four<TLanes, TVector>(weights + (first * stride), stride, x, length, of + (first * 2 * MaxLanes));
            return;
        }
        for (int row = first; row < last; row++)
            One<TLanes, TVector>(weights + (row * stride), x, length, of + (row * 2 * MaxLanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four<TLanes, TVector>(float* w0, nint stride, float* x, int length, float* sums)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        float* w1 = w0 + stride, w2 = w1 + stride, w3 = w2 + stride;
        float* s1 = sums + (2 * MaxLanes), s2 = s1 + (2 * MaxLanes), s3 = s2 + (2 * MaxLanes);
        TVector a0 = TLanes.Load(sums), a1 = TLanes.Load(s1), a2 = TLanes.Load(s2), a3 = TLanes.Load(s3);
        TVector b0 = TLanes.Load(sums + MaxLanes), b1 = TLanes.Load(s1 + MaxLanes), b2 = TLanes.Load(s2 + MaxLanes), b3 = TLanes.Load(s3 + MaxLanes);
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
        Store<TLanes, TVector>(sums, a0, b0, Rest(w0, x, k, length));
        Store<TLanes, TVector>(s1, a1, b1, Rest(w1, x, k, length));
        Store<TLanes, TVector>(s2, a2, b2, Rest(w2, x, k, length));
        Store<TLanes, TVector>(s3, a3, b3, Rest(w3, x, k, length));
    }

    /// <summary>One row, in the order of four rows, so that a row has the same bits in any company.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One<TLanes, TVector>(float* w, float* x, int length, float* sums)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        TVector a = TLanes.Load(sums), b = TLanes.Load(sums + MaxLanes);
        int k = 0;
        for (; k + (2 * TLanes.Count) <= length; k += 2 * TLanes.Count)
        {
            a = TLanes.MultiplyAdd(TLanes.Load(w + k), TLanes.Load(x + k), a);
            b = TLanes.MultiplyAdd(TLanes.Load(w + k + TLanes.Count), TLanes.Load(x + k + TLanes.Count), b);
        }
        Store<TLanes, TVector>(sums, a, b, Rest(w, x, k, length));
    }

    /// <summary>Puts the running sums back, what was left of the last block into the first lane.</summary>
    private static void Store<TLanes, TVector>(float* sums, TVector a, TVector b, float rest)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        TLanes.Store(a, sums);
        TLanes.Store(b, sums + MaxLanes);
        sums[0] += rest;
    }

    private static float Rest(float* w, float* x, int k, int length)
    {
        float sum = 0;
        for (; k < length; k++)
            sum = float.MultiplyAddEstimate(w[k], x[k], sum);
        return sum;
    }
}
