using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Peers.Layers;

/// <summary>The layer as a user of torch writes it: rows sorted by expert, the experts' products, back into the order of the tokens, a weighted sum.</summary>
internal abstract class TorchLayer : Competitor
{
    private readonly Tensor _router;
    private readonly int _topK;
    private Tensor[] _inputs = [];
    private Tensor? _output;

    /// <summary>For derived ways.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="kind">Type of the weights.</param>
    /// <param name="tolerance">Largest error.</param>
    /// <param name="router">[E, d].</param>
    /// <param name="topK">k.</param>
    protected TorchLayer(string name, WeightKind kind, double tolerance, Tensor router, int topK)
        : base($"torch {name}", kind, tolerance) => (_router, _topK) = (router, topK);

    public sealed override void Prepare(int tokens, float[][] inputs)
    {
        using DisposeScope scope = NewDisposeScope();
        Array.ForEach(_inputs, x => x.Dispose());
        // Copies are aligned, which arrays are not.
        _inputs = [.. inputs.Select(x => tensor(x, [tokens, _router.size(1)]).clone().DetachFromDisposeScope())];
    }

    public sealed override void Run(int input)
    {
        using DisposeScope scope = NewDisposeScope();
        using var quiet = no_grad();
        _output?.Dispose();
        _output = Output(_inputs[input]).MoveToOuterDisposeScope();
    }

    public sealed override void CopyOutput(Span<float> output) => _output!.data<float>().ToArray().CopyTo(output);

    public override void Dispose()
    {
        Array.ForEach(_inputs, x => x.Dispose());
        _output?.Dispose();
    }

    /// <summary>Outputs [R, d] of rows [R, d] in the type of the weights.</summary>
    /// <param name="rows">Sorted by expert.</param>
    /// <param name="counts">Rows of each expert, [E] int64.</param>
    protected abstract Tensor Experts(Tensor rows, Tensor counts);

    private Tensor Output(Tensor x)
    {
        (Tensor weights, Tensor chosen) = nn.functional.linear(x, _router).softmax(-1).topk(_topK, -1);
        weights /= weights.sum(-1, keepdim: true);
        Tensor pairs = chosen.flatten();
        Tensor order = pairs.argsort();
        Tensor rows = x.to(TorchWeights.TypeOf(Kind)).index_select(0, order.div(_topK, RoundingMode.floor));
        Tensor sorted = Experts(rows, pairs.bincount(null, _router.size(0)));
        Tensor y = sorted.index_select(0, order.argsort()).view(x.size(0), _topK, -1).to(ScalarType.Float32);
        return weights.unsqueeze(1).bmm(y).squeeze(1);
    }
}
