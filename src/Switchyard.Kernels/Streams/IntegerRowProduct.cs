using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>
/// Products of whole rows of integers with very few tokens in 16-bit integers, each row read from its begin to its end: pairs are multiplied and added exactly (<c>vpmaddwd</c>),
/// groups of 32 columns are scaled and added in fp32. Two tokens share what is read, four would not fit the registers; a token's product has the same bits in any company.
/// <code>
/// y = Σ_g w_g · s_g · (Σ_k∈g code_k · q_k − zero · Σ_k∈g q_k)
/// </code>
/// </summary>
/// <remarks>64 columns at a time are two groups, one in each half of a vector of sums; 256 columns at a time have their eight scales in one vector.</remarks>
internal static unsafe class IntegerRowProduct
{
    private const int Block = StreamTokens.Block, Chunk = StreamTokens.Chunk, Group = StreamTokens.Group, Stride = StreamingProduct.Rows;

    /// <summary>Which of eight scales belong to the halves of each 64 columns.</summary>
    private static ReadOnlySpan<int> Halves => [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7];

    /// <summary>The products of rows with up to sixteen tokens; by the assembled kernels, where the tokens are encoded for them.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="count">How many.</param>
    /// <param name="tokens">The tokens, encoded.</param>
    /// <param name="results">[tokens, <see cref="StreamingProduct.Rows"/>].</param>
    public static void Run<TCodes>(IntegerRows rows, int count, in StreamTokens tokens, float* results)
        where TCodes : struct, IIntegerCodes
    {
        if (tokens.Kernels is { } kernels)
        {
            kernels.Multiply(rows, count, tokens, results);
            return;
        }
        switch (rows.Shift)
        {
            case 5:
                Run<TCodes, GroupScales.Of32>(rows, count, tokens, results);
                break;
            case 6:
                Run<TCodes, GroupScales.Of64>(rows, count, tokens, results);
                break;
            case 7:
                Run<TCodes, GroupScales.Of128>(rows, count, tokens, results);
                break;
            default:
                Run<TCodes, GroupScales.OfMore>(rows, count, tokens, results);
                break;
        }
    }

    private static void Run<TCodes, TScales>(IntegerRows rows, int count, in StreamTokens tokens, float* results)
        where TCodes : struct, IIntegerCodes
        where TScales : struct, IGroupScales
    {
        int t = 0;
        for (; t + 2 <= tokens.Count; t += 2)
            Two<TCodes, TScales>(rows, count, tokens, t, results + (t * Stride));
        if (t < tokens.Count)
            One<TCodes, TScales>(rows, count, tokens, t, results + (t * Stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void One<TCodes, TScales>(IntegerRows rows, int count, in StreamTokens tokens, int token, float* results)
        where TCodes : struct, IIntegerCodes
        where TScales : struct, IGroupScales
    {
        short* q = tokens.Values(token);
        float* s = tokens.Scales(token), m = tokens.Sums(token);
        int length = tokens.Length, shift = rows.Shift;
        byte* last = stackalloc byte[Block];
        Vector256<int> half0 = Half(0), half1 = Half(1), half2 = Half(2), half3 = Half(3);
        for (int r = 0; r < count; r++)
        {
            byte* codes = rows.Codes(r);
            float* scales = rows.Scales(r);
            CopyLast<TCodes>(codes, length, last);
            Vector256<float> sum = default, zero = default;
            int k = 0;
            for (; k + Chunk <= length; k += Chunk, codes += 4 * TCodes.BlockBytes)
            {
                Vector256<float> w = TScales.Load(scales + (k >> shift)), a = w * Vector256.Load(s + (k / Group));
                zero = Fma.MultiplyAdd(w, Vector256.Load(m + (k / Group)), zero);
                sum = Add<TCodes>(codes, q + k, a, half0, sum);
                sum = Add<TCodes>(codes + TCodes.BlockBytes, q + k + Block, a, half1, sum);
                sum = Add<TCodes>(codes + (2 * TCodes.BlockBytes), q + k + (2 * Block), a, half2, sum);
                sum = Add<TCodes>(codes + (3 * TCodes.BlockBytes), q + k + (3 * Block), a, half3, sum);
            }
            if (k < length)
            {
                Vector256<float> w = TScales.Load(scales + (k >> shift), GroupsFrom(k, length)), a = w * Vector256.Load(s + (k / Group));
                zero = Fma.MultiplyAdd(w, Vector256.Load(m + (k / Group)), zero);
                for (int block = 0; k < length; k += Block, codes += TCodes.BlockBytes, block++)
                    sum = Add<TCodes>(k + Block <= length ? codes : last, q + k, a, Half(block), sum);
            }
            results[r] = Total<TCodes>(sum, zero);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void Two<TCodes, TScales>(IntegerRows rows, int count, in StreamTokens tokens, int token, float* results)
        where TCodes : struct, IIntegerCodes
        where TScales : struct, IGroupScales
    {
        short* q = tokens.Values(token);
        float* s = tokens.Scales(token), m = tokens.Sums(token);
        nint next = (nint)(tokens.Values(token + 1) - q), nextScales = (nint)(tokens.Scales(token + 1) - s);
        int length = tokens.Length, shift = rows.Shift;
        byte* last = stackalloc byte[Block];
        for (int r = 0; r < count; r++)
        {
            byte* codes = rows.Codes(r);
            float* scales = rows.Scales(r);
            CopyLast<TCodes>(codes, length, last);
            Vector256<float> sum0 = default, sum1 = default, zero0 = default, zero1 = default;
            for (int chunk = 0; chunk < length; chunk += Chunk)
            {
                int end = Math.Min(length, chunk + Chunk), at = chunk / Group;
                Vector256<float> w = end - chunk == Chunk ? TScales.Load(scales + (chunk >> shift)) : TScales.Load(scales + (chunk >> shift), GroupsFrom(chunk, end));
                Vector256<float> a0 = w * Vector256.Load(s + at), a1 = w * Vector256.Load(s + at + nextScales);
                zero0 = Fma.MultiplyAdd(w, Vector256.Load(m + at), zero0);
                zero1 = Fma.MultiplyAdd(w, Vector256.Load(m + at + nextScales), zero1);
                int block = 0;
                for (int k = chunk; k < end; k += Block, codes += TCodes.BlockBytes, block++)
                {
                    TCodes.Read(k + Block <= end ? codes : last, out Vector256<short> a, out Vector256<short> b, out Vector256<short> c, out Vector256<short> d);
                    Vector256<int> half = Half(block);
                    sum0 = Fma.MultiplyAdd(Dot(a, b, c, d, q + k), Avx2.PermuteVar8x32(a0, half), sum0);
                    sum1 = Fma.MultiplyAdd(Dot(a, b, c, d, q + k + next), Avx2.PermuteVar8x32(a1, half), sum1);
                }
            }
            results[r] = Total<TCodes>(sum0, zero0);
            results[r + Stride] = Total<TCodes>(sum1, zero1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add<TCodes>(byte* codes, short* q, Vector256<float> scales, Vector256<int> half, Vector256<float> sum)
        where TCodes : struct, IIntegerCodes
    {
        TCodes.Read(codes, out Vector256<short> a, out Vector256<short> b, out Vector256<short> c, out Vector256<short> d);
        return Fma.MultiplyAdd(Dot(a, b, c, d, q), Avx2.PermuteVar8x32(scales, half), sum);
    }

    /// <summary>Sums of products of 64 columns, exact before they become fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Dot(Vector256<short> a, Vector256<short> b, Vector256<short> c, Vector256<short> d, short* q) => Avx.ConvertToVector256Single(
        (Avx2.MultiplyAddAdjacent(a, Vector256.Load(q)) + Avx2.MultiplyAddAdjacent(b, Vector256.Load(q + 16)))
        + (Avx2.MultiplyAddAdjacent(c, Vector256.Load(q + 32)) + Avx2.MultiplyAddAdjacent(d, Vector256.Load(q + 48))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Half(int block) => Vector256.LoadUnsafe(in Halves[0], (nuint)(block * Vector256<int>.Count));

    private static int GroupsFrom(int from, int end) => (end - from + Group - 1) / Group;

    /// <summary>The codes of a row that fill no 64 columns, in memory of their own: what lies behind a row may not be there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyLast<TCodes>(byte* codes, int length, byte* last)
        where TCodes : struct, IIntegerCodes
    {
        if (length % Block != 0)
            Copy(codes + ((nint)(length / Block) * TCodes.BlockBytes), length % Block * TCodes.BlockBytes / Block, last);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Copy(byte* codes, int bytes, byte* last)
    {
        new Span<byte>(last, Block).Clear();
        new Span<byte>(codes, bytes).CopyTo(new Span<byte>(last, Block));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total<TCodes>(Vector256<float> sum, Vector256<float> zero)
        where TCodes : struct, IIntegerCodes =>
        Vector256.Sum(TCodes.Zero == 0 ? sum : Fma.MultiplyAddNegated(zero, Vector256.Create((float)TCodes.Zero), sum));
}
