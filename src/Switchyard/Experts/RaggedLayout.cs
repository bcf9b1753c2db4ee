using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The rows as the plan has them, N = R: expert after expert without gaps, multiplied by torch's grouped product.</summary>
internal sealed class RaggedLayout : RowLayout
{
    private readonly Tensor _tokenOfRow, _pairOfRow, _rowsOfTokens, _tokenStarts, _ends;
    private readonly long _topK;

    public RaggedLayout(DispatchPlan plan)
        : this([plan.TokenOfRow, plan.PairOfRow, plan.RowsOfTokens, plan.TokenStarts, plan.Ends], plan.TopK)
    {
    }

    private RaggedLayout(IReadOnlyList<Tensor> indices, long topK)
    {
        Indices = indices;
        (_tokenOfRow, _pairOfRow, _rowsOfTokens, _tokenStarts, _ends) = (indices[0], indices[1], indices[2], indices[3], indices[4]);
        _topK = topK;
    }

    public override IReadOnlyList<Tensor> Indices { get; }

    public override RowLayout Over(IReadOnlyList<Tensor> indices) => new RaggedLayout(indices, _topK);

    public override Tensor Gather(Tensor tokens) => tokens.index_select(0, _tokenOfRow);

    public override Tensor Combine(Tensor rows) => TorchOperators.BagSum(rows, _rowsOfTokens, _tokenStarts);

    public override Tensor GatherWeights(Tensor weights) => weights.reshape(-1).index_select(0, _pairOfRow).unsqueeze(1);

    public override Tensor ScatterWeights(Tensor rows) =>
        rows.new_zeros(_tokenStarts.numel() * _topK).index_copy_(0, _pairOfRow, rows).view(-1, _topK);

    public override Tensor Product(Tensor rows, Tensor w) => TorchOperators.GroupedProduct(rows, w.transpose(1, 2), _ends);

    public override Tensor ProductTransposed(Tensor rows, Tensor w) => TorchOperators.GroupedProduct(rows, w, _ends);

    public override Tensor WeightGradient(Tensor g, Tensor a) => TorchOperators.GroupedProduct(g.t(), a, _ends);

    public override Tensor GatherBias(Tensor bias) => bias.index_select(0, Experts());

    public override Tensor BiasGradient(Tensor g)
    {
        Tensor ends = _ends.to(ScalarType.Int64);
        Tensor starts = cat([ends.new_zeros(1), ends.slice(0, 0, -1, 1)]);
        return TorchOperators.BagSum(g, arange(Held(g.size(0)), ScalarType.Int64, g.device), starts);
    }

    /// <summary>The expert of each row, [R].</summary>
    private Tensor Experts()
    {
        Tensor ends = _ends.to(ScalarType.Int64);
        return searchsorted(ends, arange(Held(_tokenOfRow.numel()), ScalarType.Int64, ends.device), right: true);
    }
}
