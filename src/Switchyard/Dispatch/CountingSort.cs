using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Dispatch;

/// <summary>Plans on the CPU: two passes over the experts' memory, written straight into the memory of the plan's tensors.</summary>
internal static class CountingSort
{
    /// <summary>The plan of experts [T, k] int64 on the CPU.</summary>
    public static DispatchPlan Plan(Tensor experts, int expertCount)
    {
        int tokens = checked((int)experts.size(0)), topK = (int)experts.size(1);
        using Tensor? copy = experts.is_contiguous() ? null : experts.contiguous();
        ReadOnlySpan<long> expertOfPair = (copy ?? experts).Elements<long>();
        int[] offsets = Offsets(expertOfPair, expertCount);
        int rows = offsets[^1];

        Tensor pairOfRow = empty(rows, ScalarType.Int64);
        Tensor tokenOfRow = empty(rows, ScalarType.Int64);
        Tensor rowOfPair = empty(tokens, topK, ScalarType.Int64);
        bool full = rows == expertOfPair.Length;
        Tensor rowsOfTokens = full ? rowOfPair.view(rows) : empty(rows, ScalarType.Int64);
        Tensor tokenStarts = empty(tokens, ScalarType.Int64);
        Tensor ends = empty(expertCount, ScalarType.Int32);

        Span<long> pairs = pairOfRow.Elements<long>();
        Span<long> rowTokens = tokenOfRow.Elements<long>();
        Span<long> pairRows = rowOfPair.Elements<long>();
        Span<long> tokenRows = rowsOfTokens.Elements<long>();
        Span<long> starts = tokenStarts.Elements<long>();

        // While rows are handed out, ends[e] is the next free row of expert e; afterwards it is the end.
        Span<int> next = ends.Elements<int>();
        offsets.AsSpan(0, expertCount).CopyTo(next);
        int pair = 0, kept = 0;
        for (int t = 0; t < tokens; t++)
        {
            starts[t] = kept;
            for (int slot = 0; slot < topK; slot++, pair++)
            {
                int expert = (int)expertOfPair[pair];
                if (expert < 0)
                {
                    pairRows[pair] = -1;
                    continue;
                }

                int row = next[expert]++;
                pairs[row] = pair;
                rowTokens[row] = t;
                pairRows[pair] = row;
                tokenRows[kept++] = row;
            }
        }

        return new DispatchPlan(topK, offsets, pairOfRow, tokenOfRow, rowOfPair, rowsOfTokens, tokenStarts, ends);
    }

    /// <summary>First row of each expert and the number of rows, [E + 1].</summary>
    private static int[] Offsets(ReadOnlySpan<long> expertOfPair, int expertCount)
    {
        int[] offsets = new int[expertCount + 1];
        foreach (long expert in expertOfPair)
        {
            if ((ulong)expert < (ulong)expertCount)
            {
                offsets[expert + 1]++;
            }
            else if (expert != -1)
            {
                throw DispatchPlan.NoSuchExpert(expert, expertCount);
            }
        }

        for (int e = 0; e < expertCount; e++)
        {
            offsets[e + 1] += offsets[e];
        }

        return offsets;
    }
}
