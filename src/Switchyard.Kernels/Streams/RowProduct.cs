using System.Runtime.CompilerServices;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Streams;

/// <summary>
/// Products of whole rows with very few tokens, each row read from its begin to its end and widened in registers: memory is the limit,
/// and answers best to one stream of addresses. Up to four tokens share what is read; a token's product has the same bits in any company.
/// </summary>
internal static unsafe class RowProduct
{
    /// <summary>The products of a row with up to sixteen tokens.</summary>
    /// <param name="row">The row.</param>
    /// <param name="length">Columns, K.</param>
    /// <param name="tokens">Addresses of the tokens, [count], each [K].</param>
    /// <param name="count">Tokens.</param>
    /// <param name="results">[count], <see cref="StreamingProduct.Rows"/> values apart.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TRow, TLanes, TVector>(TRow row, int length, float** tokens, int count, float* results)
        where TRow : struct, IRow<TVector>
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        int t = 0;
        for (; t + 4 <= count; t += 4)
            Four<TRow, TLanes, TVector>(row, length, tokens + t, results + (t * StreamingProduct.Rows));
        for (; t + 2 <= count; t += 2)
            Two<TRow, TLanes, TVector>(row, length, tokens + t, results + (t * StreamingProduct.Rows));
        if (t < count)
            One<TRow, TLanes, TVector>(row, length, tokens[t], results + (t * StreamingProduct.Rows));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One<TRow, TLanes, TVector>(TRow row, int length, float* x, float* result)
        where TRow : struct, IRow<TVector>
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        int lanes = TLanes.Count;
        TVector a = TLanes.Zero, b = TLanes.Zero;
        nint k = 0;
        for (; k + (2 * lanes) <= length; k += 2 * lanes)
        {
            row.Read(k, out TVector low, out TVector high);
            a = TLanes.MultiplyAdd(low, TLanes.Load(x + k), a);
            b = TLanes.MultiplyAdd(high, TLanes.Load(x + k + lanes), b);
        }
        float rest = 0;
        for (; k < length; k++)
            rest = float.MultiplyAddEstimate(row.Value(k), x[k], rest);
        *result = Total<TLanes, TVector>(a, b, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Two<TRow, TLanes, TVector>(TRow row, int length, float** tokens, float* results)
        where TRow : struct, IRow<TVector>
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        int lanes = TLanes.Count;
        float* x = tokens[0], y = tokens[1];
        TVector a = TLanes.Zero, b = TLanes.Zero, c = TLanes.Zero, d = TLanes.Zero;
        nint k = 0;
        for (; k + (2 * lanes) <= length; k += 2 * lanes)
        {
            row.Read(k, out TVector low, out TVector high);
            a = TLanes.MultiplyAdd(low, TLanes.Load(x + k), a);
            b = TLanes.MultiplyAdd(high, TLanes.Load(x + k + lanes), b);
            c = TLanes.MultiplyAdd(low, TLanes.Load(y + k), c);
            d = TLanes.MultiplyAdd(high, TLanes.Load(y + k + lanes), d);
        }
        float first = 0, second = 0;
        for (; k < length; k++)
        {
            float w = row.Value(k);
            first = float.MultiplyAddEstimate(w, x[k], first);
            second = float.MultiplyAddEstimate(w, y[k], second);
        }
        results[0] = Total<TLanes, TVector>(a, b, first);
        results[StreamingProduct.Rows] = Total<TLanes, TVector>(c, d, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four<TRow, TLanes, TVector>(TRow row, int length, float** tokens, float* results)
        where TRow : struct, IRow<TVector>
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        int lanes = TLanes.Count;
        float* x0 = tokens[0], x1 = tokens[1], x2 = tokens[2], x3 = tokens[3];
        TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
        TVector b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
        nint k = 0;
        for (; k + (2 * lanes) <= length; k += 2 * lanes)
        {
            row.Read(k, out TVector low, out TVector high);
            a0 = TLanes.MultiplyAdd(low, TLanes.Load(x0 + k), a0);
            a1 = TLanes.MultiplyAdd(low, TLanes.Load(x1 + k), a1);
            a2 = TLanes.MultiplyAdd(low, TLanes.Load(x2 + k), a2);
            a3 = TLanes.MultiplyAdd(low, TLanes.Load(x3 + k), a3);
            b0 = TLanes.MultiplyAdd(high, TLanes.Load(x0 + k + lanes), b0);
            b1 = TLanes.MultiplyAdd(high, TLanes.Load(x1 + k + lanes), b1);
            b2 = TLanes.MultiplyAdd(high, TLanes.Load(x2 + k + lanes), b2);
            b3 = TLanes.MultiplyAdd(high, TLanes.Load(x3 + k + lanes), b3);
        }
        float r0 = 0, r1 = 0, r2 = 0, r3 = 0;
        for (; k < length; k++)
        {
            float w = row.Value(k);
            r0 = float.MultiplyAddEstimate(w, x0[k], r0);
            r1 = float.MultiplyAddEstimate(w, x1[k], r1);
            r2 = float.MultiplyAddEstimate(w, x2[k], r2);
            r3 = float.MultiplyAddEstimate(w, x3[k], r3);
        }
        results[0] = Total<TLanes, TVector>(a0, b0, r0);
        results[StreamingProduct.Rows] = Total<TLanes, TVector>(a1, b1, r1);
        results[2 * StreamingProduct.Rows] = Total<TLanes, TVector>(a2, b2, r2);
        results[3 * StreamingProduct.Rows] = Total<TLanes, TVector>(a3, b3, r3);
    }

    /// <summary>The sum of all lanes in the order of <see cref="StreamingProduct"/>, whose bits a widened matrix gives: what was left goes into the first lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total<TLanes, TVector>(TVector a, TVector b, float rest)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        if (rest != 0)
        {
            float* first = stackalloc float[16];
            TLanes.Store(a, first);
            first[0] += rest;
            a = TLanes.Load(first);
        }
        return TLanes.Sum(TLanes.Add(a, b));
    }
}
