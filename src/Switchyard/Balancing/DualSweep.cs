using System.Buffers;
using System.Numerics;
using Switchyard.Selection;

namespace Switchyard.Balancing;

/// <summary>Dual ascent over fp32 memory: the token prices of a block of rows at a time, one token a vector lane; the expert prices expert by expert, over a transposed copy.</summary>
internal sealed class DualSweep : IDisposable
{
    private const int TokensPerTask = 256;

    private readonly int _tokens;
    private readonly int _experts;
    private readonly int _k;
    private readonly int _rank;
    private readonly float _fraction;

    /// <summary>Sᵀ [E, T], rented.</summary>
    private readonly float[] _columns;
    private readonly float[] _tokenPrices;
    private readonly float[] _prices;

    public DualSweep(ReadOnlySpan<float> scores, int tokens, int experts, int k, (int Rank, double Fraction) rank)
    {
        _tokens = tokens;
        _experts = experts;
        _k = k;
        _rank = rank.Rank;
        _fraction = (float)rank.Fraction;
        _columns = ArrayPool<float>.Shared.Rent(checked(tokens * experts));
        _tokenPrices = new float[tokens];
        _prices = new float[experts];
        Transpose(scores);
    }

    public void Run(Span<float> prices, int sweeps, int threads)
    {
        prices.CopyTo(_prices);
        int used = (long)_tokens * _experts < 1 << 15 ? 1 : threads;
        for (int sweep = 0; sweep < sweeps; sweep++)
        {
            Rows.ForEachBlock(_tokens, TokensPerTask, used, PriceTokens);
            Rows.ForEachBlock(_experts, 1, used, PriceExperts);
        }

        _prices.CopyTo(prices);
    }

    public void Dispose() => ArrayPool<float>.Shared.Return(_columns);

    private void Transpose(ReadOnlySpan<float> scores)
    {
        const int Block = 32;
        for (int t0 = 0; t0 < _tokens; t0 += Block)
        {
            for (int e0 = 0; e0 < _experts; e0 += Block)
            {
                for (int t = t0; t < Math.Min(t0 + Block, _tokens); t++)
                {
                    for (int e = e0; e < Math.Min(e0 + Block, _experts); e++)
                    {
                        float score = scores[(t * _experts) + e];
                        _columns[(e * _tokens) + t] = float.IsNaN(score) ? DualPrices.LowestScore : Math.Clamp(score, DualPrices.LowestScore, -DualPrices.LowestScore);
                    }
                }
            }
        }
    }

    /// <summary>p_t: the middle of the k-th and the (k+1)-th largest of S_t − q.</summary>
    private void PriceTokens(int first, int count)
    {
        Span<Vector<float>> best = stackalloc Vector<float>[_k + 1];
        int lanes = Vector<float>.Count;
        int t = first;
        for (; t + lanes <= first + count; t += lanes)
        {
            best.Fill(new Vector<float>(float.NegativeInfinity));
            for (int e = 0; e < _experts; e++)
            {
                Insert(best, new Vector<float>(_columns, (e * _tokens) + t) - new Vector<float>(_prices[e]));
            }

            ((best[_k - 1] + best[_k]) * 0.5f).CopyTo(_tokenPrices, t);
        }

        for (; t < first + count; t++)
        {
            best.Fill(new Vector<float>(float.NegativeInfinity));
            for (int e = 0; e < _experts; e++)
            {
                Insert(best, new Vector<float>(_columns[(e * _tokens) + t] - _prices[e]));
            }

            _tokenPrices[t] = (best[_k - 1][0] + best[_k][0]) * 0.5f;
        }
    }

    private static void Insert(Span<Vector<float>> best, Vector<float> value)
    {
        if (Vector.LessThanOrEqualAll(value, best[^1]))
        {
            return;
        }

        for (int j = 0; j < best.Length; j++)
        {
            Vector<float> larger = Vector.Max(best[j], value);
            value = Vector.Min(best[j], value);
            best[j] = larger;
        }
    }

    /// <summary>q_e: between the neighbouring ranks of S_te − p_t over t.</summary>
    private void PriceExperts(int first, int count)
    {
        float[] demand = ArrayPool<float>.Shared.Rent(_tokens);
        try
        {
            for (int e = first; e < first + count; e++)
            {
                Span<float> values = demand.AsSpan(0, _tokens);
                Subtract(_columns.AsSpan(e * _tokens, _tokens), _tokenPrices, values);
                (float upper, float lower) = OrderStatistic.Neighbours(values, _rank);
                _prices[e] = (upper * (1 - _fraction)) + (lower * _fraction);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(demand);
        }
    }

    private static void Subtract(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> difference)
    {
        int i = 0;
        for (; i + Vector<float>.Count <= difference.Length; i += Vector<float>.Count)
        {
            (new Vector<float>(a[i..]) - new Vector<float>(b[i..])).CopyTo(difference[i..]);
        }

        for (; i < difference.Length; i++)
        {
            difference[i] = a[i] - b[i];
        }
    }
}
