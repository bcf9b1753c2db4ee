using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Dispatch;

/// <summary>Plans on any device, in torch operations; the device-neutral twin of <see cref="CountingSort"/>. The counts alone are brought to the host.</summary>
internal static class StableSort
{
    /// <summary>The plan of experts [T, k] int64.</summary>
    public static DispatchPlan Plan(Tensor experts, int expertCount)
    {
        using var scope = NewDisposeScope();
        long tokens = experts.size(0);
        int topK = (int)experts.size(1);
        Tensor pairs = experts.flatten();
        Tensor kept = pairs.ge(Held(0));
        int[] offsets = Offsets(pairs, expertCount);
        long rows = offsets[^1];

        // Empty slots sort behind all experts and are cut off.
        Tensor order = where(kept, pairs, full_like(pairs, Held(expertCount))).sort(0, descending: false, stable: true).Indices;
        Tensor pairOfRow = order.slice(0, 0, rows, 1).contiguous();
        Tensor tokenOfRow = pairOfRow.div(Held(topK), RoundingMode.floor);
        Tensor rowOfPair = full_like(pairs, Held(-1)).index_copy_(0, pairOfRow, arange(Held(rows), ScalarType.Int64, experts.device)).view(tokens, topK);
        Tensor rowsOfTokens = rowOfPair.flatten().masked_select(kept);
        Tensor rowsOfToken = kept.view(tokens, topK).sum(1, type: ScalarType.Int64);
        Tensor tokenStarts = rowsOfToken.cumsum(0) - rowsOfToken;
        Tensor ends = tensor(offsets.AsSpan(1).ToArray(), ScalarType.Int32, experts.device);
        return new DispatchPlan(
            topK,
            offsets,
            pairOfRow.MoveToOuterDisposeScope(),
            tokenOfRow.MoveToOuterDisposeScope(),
            rowOfPair.MoveToOuterDisposeScope(),
            rowsOfTokens.MoveToOuterDisposeScope(),
            tokenStarts.MoveToOuterDisposeScope(),
            ends.MoveToOuterDisposeScope());
    }

    private static int[] Offsets(Tensor pairs, int expertCount)
    {
        int[] offsets = new int[expertCount + 1];
        if (pairs.numel() == 0)
        {
            return offsets;
        }

        long least = pairs.min().item<long>(), most = pairs.max().item<long>();
        if (least < -1 || most >= expertCount)
        {
            throw DispatchPlan.NoSuchExpert(least < -1 ? least : most, expertCount);
        }

        Span<long> counts = (pairs + Held(1)).bincount(null, expertCount + 1L).cpu().Elements<long>();
        for (int e = 0; e < expertCount; e++)
        {
            offsets[e + 1] = offsets[e] + (int)counts[e + 1];
        }

        return offsets;
    }
}
