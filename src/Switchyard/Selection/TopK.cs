using System.Numerics;
using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>The k largest of each row, the largest first; ties go to the lower index. −∞ and NaN are never chosen: a row with fewer than k other values has −1 in its last places.</summary>
/// <remarks>On fp32 memory of the CPU, one token stands in each vector lane and its k best so far are kept sorted in registers, so that the time does not depend on the values. Elsewhere a stable sort of torch does the same.</remarks>
public static class TopK
{
    /// <summary>Columns that are transposed at a time, so that stores are long done when they are loaded as vectors.</summary>
    private const int Tile = 64;

    /// <summary>More places than this are left to the sort.</summary>
    private const int MaxPlaces = 64;

    /// <summary>Elements [T, E] from which on threads are worth their start.</summary>
    private const long ParallelElements = 1 << 16;

    private const int TokensPerTask = 256;

    /// <summary>Indices [T, k] int64 of the k largest of each row of scores [T, E].</summary>
    /// <exception cref="ArgumentOutOfRangeException">k is not in 1…E.</exception>
    public static Tensor Indices(Tensor scores, int k)
    {
        CheckPlaces(k, scores.shape[^1]);
        if (!scores.IsDenseFloat() || k > MaxPlaces)
        {
            return IndicesBySort(scores, k);
        }

        int tokens = checked((int)scores.shape[0]);
        Tensor chosen = empty([tokens, k], ScalarType.Int64);
        Indices(scores.Elements<float>(), tokens, (int)scores.shape[1], k, chosen.Elements<long>(), get_num_threads());
        return chosen;
    }

    /// <summary>The same on any device and type, by a stable sort.</summary>
    /// <exception cref="ArgumentOutOfRangeException">k is not in 1…E.</exception>
    public static Tensor IndicesBySort(Tensor scores, int k)
    {
        CheckPlaces(k, scores.shape[^1]);
        using var scope = NewDisposeScope();
        Tensor comparable = scores.detach().nan_to_num(double.NegativeInfinity, double.PositiveInfinity, double.NegativeInfinity);
        (Tensor values, Tensor indices) = comparable.sort(-1, descending: true, stable: true);
        Tensor best = indices.narrow(-1, 0, k);
        return best.masked_fill(values.narrow(-1, 0, k).isneginf(), Held(-1)).MoveToOuterDisposeScope();
    }

    /// <summary>Indices of the k largest of each row, over memory.</summary>
    /// <param name="scores">[tokens, experts], row-major.</param>
    /// <param name="tokens">Rows T.</param>
    /// <param name="experts">Columns E.</param>
    /// <param name="k">Places, 1…E.</param>
    /// <param name="chosen">[tokens, k], written.</param>
    /// <param name="threads">Threads that may be used; the result does not depend on it.</param>
    /// <exception cref="ArgumentOutOfRangeException">k is not in 1…E, or a span is too short.</exception>
    public static unsafe void Indices(ReadOnlySpan<float> scores, int tokens, int experts, int k, Span<long> chosen, int threads = 1)
    {
        CheckPlaces(k, experts);
        ArgumentOutOfRangeException.ThrowIfLessThan(scores.Length, (long)tokens * experts, nameof(scores));
        ArgumentOutOfRangeException.ThrowIfLessThan(chosen.Length, (long)tokens * k, nameof(chosen));

        fixed (float* from = scores)
        fixed (long* to = chosen)
        {
            nint source = (nint)from;
            nint target = (nint)to;
            Rows.ForEachBlock(tokens, TokensPerTask, (long)tokens * experts >= ParallelElements ? threads : 1, (first, count) =>
                IndicesOfRows((float*)source + ((long)first * experts), count, experts, k, (long*)target + ((long)first * k)));
        }
    }

    private static void CheckPlaces(int k, long experts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, experts);
    }

    private static unsafe void IndicesOfRows(float* scores, int tokens, int experts, int k, long* chosen)
    {
        int lanes = Vector<float>.Count;
        Vector<float>* best = stackalloc Vector<float>[k];
        Vector<int>* index = stackalloc Vector<int>[k];
        float* tile = stackalloc float[Tile * lanes];
        int t = 0;
        for (; t + lanes <= tokens; t += lanes)
        {
            IndicesOfLanes(scores + ((long)t * experts), experts, k, best, index, tile, chosen + ((long)t * k));
        }

        for (; t < tokens; t++)
        {
            IndicesOfRow(new ReadOnlySpan<float>(scores + ((long)t * experts), experts), new Span<float>(best, k), new Span<long>(chosen + ((long)t * k), k));
        }
    }

    /// <summary>As many rows as a vector has lanes, one in each.</summary>
    private static unsafe void IndicesOfLanes(float* scores, int experts, int k, Vector<float>* best, Vector<int>* index, float* tile, long* chosen)
    {
        int lanes = Vector<float>.Count;
        for (int start = 0; start < experts; start += Tile)
        {
            int width = Math.Min(Tile, experts - start);
            for (int lane = 0; lane < lanes; lane++)
            {
                float* row = scores + ((long)lane * experts) + start;
                for (int i = 0; i < width; i++)
                {
                    tile[(i * lanes) + lane] = row[i];
                }
            }

            for (int i = 0; i < width; i++)
            {
                Vector<float> value = Vector.Load(tile + (i * lanes));
                Insert(Vector.ConditionalSelect(Vector.Equals(value, value), value, new Vector<float>(float.NegativeInfinity)), start + i, k, best, index);
            }
        }

        for (int j = 0; j < k; j++)
        {
            for (int lane = 0; lane < lanes; lane++)
            {
                chosen[(lane * k) + j] = float.IsNegativeInfinity(best[j][lane]) ? -1 : index[j][lane];
            }
        }
    }

    /// <summary>Puts a column's values into the sorted places, below what is equal.</summary>
    private static unsafe void Insert(Vector<float> value, int expert, int k, Vector<float>* best, Vector<int>* index)
    {
        Vector<int> here = Vector<int>.AllBitsSet;
        if (expert >= k)
        {
            here = Vector.GreaterThan(value, best[k - 1]);
            if (here == Vector<int>.Zero)
            {
                return;
            }
        }

        Vector<int> name = new(expert);
        for (int j = Math.Min(expert, k - 1); j > 0; j--)
        {
            Vector<int> above = Vector.GreaterThan(value, best[j - 1]);
            best[j] = Vector.ConditionalSelect(above, best[j - 1], Vector.ConditionalSelect(here, value, best[j]));
            index[j] = Vector.ConditionalSelect(above, index[j - 1], Vector.ConditionalSelect(here, name, index[j]));
            here = above;
        }

        best[0] = Vector.ConditionalSelect(here, value, best[0]);
        index[0] = Vector.ConditionalSelect(here, name, index[0]);
    }

    private static void IndicesOfRow(ReadOnlySpan<float> row, Span<float> best, Span<long> chosen)
    {
        int filled = 0;
        for (int e = 0; e < row.Length; e++)
        {
            float value = row[e];
            if (filled == best.Length && !(value > best[^1]))
            {
                continue;
            }

            if (!(value > float.NegativeInfinity))
            {
                continue;
            }

            int j = filled < best.Length ? filled++ : best.Length - 1;
            for (; j > 0 && value > best[j - 1]; j--)
            {
                best[j] = best[j - 1];
                chosen[j] = chosen[j - 1];
            }

            best[j] = value;
            chosen[j] = e;
        }

        chosen[filled..].Fill(-1);
    }
}
