using Switchyard.Dispatch;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Buffers of equal size, N = E·C: each expert's rows, then zero rows up to C, multiplied by one batched product.</summary>
internal sealed class PaddedLayout : RowLayout
{
    private readonly Tensor _tokenOfRow, _pairOfRow, _rowsOfTokens, _tokenStarts, _places, _placeStarts;
    private readonly long _topK, _experts;

    private PaddedLayout(IReadOnlyList<Tensor> indices, long topK, long experts)
    {
        Indices = indices;
        (_tokenOfRow, _pairOfRow, _rowsOfTokens) = (indices[0], indices[1], indices[2]);
        (_tokenStarts, _places, _placeStarts) = (indices[3], indices[4], indices[5]);
        _topK = topK;
        _experts = experts;
    }

    public override IReadOnlyList<Tensor> Indices { get; }

    /// <summary>Buffers of <paramref name="capacity"/> rows, no fewer than the largest load.</summary>
    public static PaddedLayout Of(DispatchPlan plan, int capacity)
    {
        Tensor places = empty(plan.Rows, ScalarType.Int64);
        Tensor placeStarts = empty((long)plan.Experts * capacity, ScalarType.Int64);
        Fill(plan, capacity, places.Elements<long>(), placeStarts.Elements<long>());
        Device device = plan.RowOfPair.device;
        places = places.to(device);
        return new PaddedLayout(
            [plan.TokenOfRow, plan.PairOfRow, places.index_select(0, plan.RowsOfTokens), plan.TokenStarts, places, placeStarts.to(device)],
            plan.TopK,
            plan.Experts);
    }

    public override RowLayout Over(IReadOnlyList<Tensor> indices) => new PaddedLayout(indices, _topK, _experts);

    public override Tensor Gather(Tensor tokens) => TorchOperators.BagSum(tokens, _tokenOfRow, _placeStarts);

    public override Tensor Combine(Tensor rows) => TorchOperators.BagSum(rows, _rowsOfTokens, _tokenStarts);

    public override Tensor GatherWeights(Tensor weights) =>
        weights.new_zeros(_placeStarts.numel()).index_copy_(0, _places, weights.reshape(-1).index_select(0, _pairOfRow)).unsqueeze(1);

    public override Tensor ScatterWeights(Tensor rows) =>
        rows.new_zeros(_tokenStarts.numel() * _topK).index_copy_(0, _pairOfRow, rows.index_select(0, _places)).view(-1, _topK);

    public override Tensor Product(Tensor rows, Tensor w) => Flat(Blocks(rows).bmm(w.transpose(1, 2)));

    public override Tensor ProductTransposed(Tensor rows, Tensor w) => Flat(Blocks(rows).bmm(w));

    public override Tensor WeightGradient(Tensor g, Tensor a) => Blocks(g).transpose(1, 2).bmm(Blocks(a));

    public override Tensor GatherBias(Tensor bias) =>
        bias.unsqueeze(1).expand(-1, _placeStarts.numel() / _experts, -1).reshape(-1, bias.size(1));

    public override Tensor BiasGradient(Tensor g) => Blocks(g).sum(1);

    private Tensor Blocks(Tensor rows) => rows.view(_experts, -1, rows.size(1));

    private static Tensor Flat(Tensor blocks) => blocks.view(-1, blocks.size(2));

    /// <summary>The place of each row in the buffers, and for each place the first row that is not before it: a bag of one row, or of none.</summary>
    private static void Fill(DispatchPlan plan, int capacity, Span<long> places, Span<long> placeStarts)
    {
        for (int e = 0; e < plan.Experts; e++)
        {
            int offset = plan.Offsets[e], count = plan.Counts[e];
            long place = (long)e * capacity;
            for (int c = 0; c < count; c++)
            {
                places[offset + c] = place + c;
            }

            for (int c = 0; c < capacity; c++)
            {
                placeStarts[(int)place + c] = offset + Math.Min(c, count);
            }
        }
    }
}
