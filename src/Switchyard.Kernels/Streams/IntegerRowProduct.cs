using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>
/// Products of whole rows of integers with very few tokens in 16-bit integers, each row read from its begin to its end: pairs are multiplied and added exactly (<c>vpmaddwd</c>),
/// groups are scaled and added in fp32. Up to four tokens share what is read; a token's product has the same bits in any company.
/// <code>
/// y = Σ_g w_g · s_g · (Σ_k∈g code_k · q_k − zero · Σ_k∈g q_k)
/// </code>
/// </summary>
internal static unsafe class IntegerRowProduct
{
    /// <summary>Groups whose scales are multiplied together.</summary>
    private const int Chunk = 8;

    private const int Block = IntegerForm.Block;

    /// <summary>The products of a row with up to eight tokens.</summary>
    /// <param name="row">The row.</param>
    /// <param name="tokens">The tokens, encoded.</param>
    /// <param name="results">[count], <see cref="StreamingProduct.Rows"/> values apart.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TRow>(TRow row, in StreamTokens tokens, float* results)
        where TRow : struct, IIntegerRow
    {
        if (tokens.Form.Group == Block)
            Run<TRow, OneBlock>(row, tokens, results);
        else
            Run<TRow, SeveralBlocks>(row, tokens, results);
    }

    private static void Run<TRow, TGroup>(TRow row, in StreamTokens tokens, float* results)
        where TRow : struct, IIntegerRow
        where TGroup : struct, IGroup
    {
        int t = 0;
        for (; t + 4 <= tokens.Count; t += 4)
            Four<TRow, TGroup>(row, tokens, t, results + (t * StreamingProduct.Rows));
        for (; t + 2 <= tokens.Count; t += 2)
            Two<TRow, TGroup>(row, tokens, t, results + (t * StreamingProduct.Rows));
        if (t < tokens.Count)
            One<TRow, TGroup>(row, tokens, t, results + (t * StreamingProduct.Rows));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void One<TRow, TGroup>(TRow row, in StreamTokens tokens, int token, float* result)
        where TRow : struct, IIntegerRow
        where TGroup : struct, IGroup
    {
        int groups = tokens.Groups, group = tokens.Form.Group;
        short* q = tokens.Values(token);
        float* scales = stackalloc float[Chunk];
        Vector256<float> a = default, b = default, zero = default;
        nint k = 0, end = tokens.Encoded;
        for (int g = 0; g < groups; g += Chunk)
        {
            int count = Math.Min(Chunk, groups - g), i = 0;
            zero = Scale(row, tokens, token, g, count, scales, zero);
            for (; i + 2 <= count; i += 2)
            {
                a = Add(Sum<TRow, TGroup>(row, q, ref k, group, end), scales + i, a);
                b = Add(Sum<TRow, TGroup>(row, q, ref k, group, end), scales + i + 1, b);
            }
            if (i < count)
                a = Add(Sum<TRow, TGroup>(row, q, ref k, group, end), scales + i, a);
        }
        *result = Total(row, tokens, token, a, b, zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void Two<TRow, TGroup>(TRow row, in StreamTokens tokens, int token, float* results)
        where TRow : struct, IIntegerRow
        where TGroup : struct, IGroup
    {
        int groups = tokens.Groups, group = tokens.Form.Group;
        short* q = tokens.Values(token);
        nint pitch = (nint)(tokens.Values(token + 1) - q);
        float* scales = stackalloc float[2 * Chunk];
        Vector256<float> a0 = default, b0 = default, a1 = default, b1 = default, zero0 = default, zero1 = default;
        nint k = 0, end = tokens.Encoded;
        for (int g = 0; g < groups; g += Chunk)
        {
            int count = Math.Min(Chunk, groups - g), i = 0;
            zero0 = Scale(row, tokens, token, g, count, scales, zero0);
            zero1 = Scale(row, tokens, token + 1, g, count, scales + Chunk, zero1);
            for (; i + 2 <= count; i += 2)
            {
                Sums<TRow, TGroup>(row, q, pitch, ref k, group, end, out Vector256<int> x, out Vector256<int> y);
                a0 = Add(x, scales + i, a0);
                a1 = Add(y, scales + Chunk + i, a1);
                Sums<TRow, TGroup>(row, q, pitch, ref k, group, end, out x, out y);
                b0 = Add(x, scales + i + 1, b0);
                b1 = Add(y, scales + Chunk + i + 1, b1);
            }
            if (i < count)
            {
                Sums<TRow, TGroup>(row, q, pitch, ref k, group, end, out Vector256<int> x, out Vector256<int> y);
                a0 = Add(x, scales + i, a0);
                a1 = Add(y, scales + Chunk + i, a1);
            }
        }
        results[0] = Total(row, tokens, token, a0, b0, zero0);
        results[StreamingProduct.Rows] = Total(row, tokens, token + 1, a1, b1, zero1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void Four<TRow, TGroup>(TRow row, in StreamTokens tokens, int token, float* results)
        where TRow : struct, IIntegerRow
        where TGroup : struct, IGroup
    {
        int groups = tokens.Groups, group = tokens.Form.Group;
        short* q = tokens.Values(token);
        nint pitch = (nint)(tokens.Values(token + 1) - q);
        float* scales = stackalloc float[4 * Chunk];
        Vector256<float>* zeros = stackalloc Vector256<float>[4];
        for (int t = 0; t < 4; t++)
            zeros[t] = default;
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        nint k = 0, end = tokens.Encoded;
        for (int g = 0; g < groups; g += Chunk)
        {
            int count = Math.Min(Chunk, groups - g), i = 0;
            for (int t = 0; t < 4; t++)
                zeros[t] = Scale(row, tokens, token + t, g, count, scales + (t * Chunk), zeros[t]);
            for (; i + 2 <= count; i += 2)
            {
                Sums<TRow, TGroup>(row, q, pitch, ref k, group, end, out Vector256<int> x, out Vector256<int> y, out Vector256<int> z, out Vector256<int> u);
                a0 = Add(x, scales + i, a0);
                a1 = Add(y, scales + Chunk + i, a1);
                a2 = Add(z, scales + (2 * Chunk) + i, a2);
                a3 = Add(u, scales + (3 * Chunk) + i, a3);
                Sums<TRow, TGroup>(row, q, pitch, ref k, group, end, out x, out y, out z, out u);
                b0 = Add(x, scales + i + 1, b0);
                b1 = Add(y, scales + Chunk + i + 1, b1);
                b2 = Add(z, scales + (2 * Chunk) + i + 1, b2);
                b3 = Add(u, scales + (3 * Chunk) + i + 1, b3);
            }
            if (i < count)
            {
                Sums<TRow, TGroup>(row, q, pitch, ref k, group, end, out Vector256<int> x, out Vector256<int> y, out Vector256<int> z, out Vector256<int> u);
                a0 = Add(x, scales + i, a0);
                a1 = Add(y, scales + Chunk + i, a1);
                a2 = Add(z, scales + (2 * Chunk) + i, a2);
                a3 = Add(u, scales + (3 * Chunk) + i, a3);
            }
        }
        results[0] = Total(row, tokens, token, a0, b0, zeros[0]);
        results[StreamingProduct.Rows] = Total(row, tokens, token + 1, a1, b1, zeros[1]);
        results[2 * StreamingProduct.Rows] = Total(row, tokens, token + 2, a2, b2, zeros[2]);
        results[3 * StreamingProduct.Rows] = Total(row, tokens, token + 3, a3, b3, zeros[3]);
    }

    /// <summary>The sums of a group, exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Sum<TRow, TGroup>(TRow row, short* q, ref nint k, int group, nint end)
        where TRow : struct, IIntegerRow
        where TGroup : struct, IGroup
    {
        row.Read(k, out Vector256<short> first, out Vector256<short> second);
        Vector256<int> sum = Dot(first, second, q + k);
        nint to = Math.Min(k + group, end);
        for (k += Block; TGroup.HasMore && k < to; k += Block)
        {
            row.Read(k, out first, out second);
            sum += Dot(first, second, q + k);
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sums<TRow, TGroup>(TRow row, short* q, nint pitch, ref nint k, int group, nint end, out Vector256<int> x, out Vector256<int> y)
        where TRow : struct, IIntegerRow
        where TGroup : struct, IGroup
    {
        row.Read(k, out Vector256<short> first, out Vector256<short> second);
        x = Dot(first, second, q + k);
        y = Dot(first, second, q + k + pitch);
        nint to = Math.Min(k + group, end);
        for (k += Block; TGroup.HasMore && k < to; k += Block)
        {
            row.Read(k, out first, out second);
            x += Dot(first, second, q + k);
            y += Dot(first, second, q + k + pitch);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sums<TRow, TGroup>(TRow row, short* q, nint pitch, ref nint k, int group, nint end, out Vector256<int> x, out Vector256<int> y, out Vector256<int> z, out Vector256<int> u)
        where TRow : struct, IIntegerRow
        where TGroup : struct, IGroup
    {
        row.Read(k, out Vector256<short> first, out Vector256<short> second);
        short* at = q + k;
        x = Dot(first, second, at);
        y = Dot(first, second, at + pitch);
        z = Dot(first, second, at + (2 * pitch));
        u = Dot(first, second, at + (3 * pitch));
        nint to = Math.Min(k + group, end);
        for (k += Block; TGroup.HasMore && k < to; k += Block)
        {
            row.Read(k, out first, out second);
            at = q + k;
            x += Dot(first, second, at);
            y += Dot(first, second, at + pitch);
            z += Dot(first, second, at + (2 * pitch));
            u += Dot(first, second, at + (3 * pitch));
        }
    }

    /// <summary>sum += scale · the sums of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<int> group, float* scale, Vector256<float> sum) =>
        Fma.MultiplyAdd(Vector256.ConvertToSingle(group), Avx.BroadcastScalarToVector256(scale), sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot(Vector256<short> first, Vector256<short> second, short* q) =>
        Avx2.MultiplyAddAdjacent(first, Vector256.Load(q)) + Avx2.MultiplyAddAdjacent(second, Vector256.Load(q + 16));

    /// <summary>w_g · s_g of some groups; what the zero point takes off is added up beside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scale<TRow>(TRow row, in StreamTokens tokens, int token, int group, int count, float* scales, Vector256<float> zero)
        where TRow : struct, IIntegerRow
    {
        float* s = tokens.Scales(token) + group, sums = tokens.Sums(token) + group, w = row.Scales;
        int shift = row.Shift;
        nint k = (nint)group * tokens.Form.Group;
        if (count == Chunk && tokens.Form.Group >> shift == 1)
        {
            Vector256<float> weights = Vector256.Load(w + (k >> shift));
            (weights * Vector256.Load(s)).Store(scales);
            return TRow.Zero == 0 ? zero : Fma.MultiplyAdd(weights, Vector256.Load(sums), zero);
        }
        for (int i = 0; i < count; i++)
        {
            float weight = w[(k + ((nint)i * tokens.Form.Group)) >> shift];
            scales[i] = weight * s[i];
            if (TRow.Zero != 0)
                zero = zero.WithElement(0, float.MultiplyAddEstimate(weight, sums[i], zero.ToScalar()));
        }
        return zero;
    }

    /// <summary>The sum of both halves, less what the zero point adds; columns beyond whole blocks in fp32.</summary>
    private static float Total<TRow>(TRow row, in StreamTokens tokens, int token, Vector256<float> a, Vector256<float> b, Vector256<float> zero)
        where TRow : struct, IIntegerRow
    {
        float sum = Vector256.Sum(a + b);
        if (TRow.Zero != 0)
            sum -= TRow.Zero * Vector256.Sum(zero);
        float* x = tokens.Rows[token];
        for (nint k = tokens.Encoded; k < tokens.Length; k++)
            sum = float.MultiplyAddEstimate(row.Value(k), x[k], sum);
        return sum;
    }

    /// <summary>How many blocks a group has.</summary>
    private interface IGroup
    {
        static abstract bool HasMore { get; }
    }

    private readonly struct OneBlock : IGroup
    {
        public static bool HasMore => false;
    }

    private readonly struct SeveralBlocks : IGroup
    {
        public static bool HasMore => true;
    }
}
