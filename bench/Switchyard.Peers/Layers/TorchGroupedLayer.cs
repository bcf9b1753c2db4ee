using static TorchSharp.torch;

namespace Switchyard.Peers.Layers;

/// <summary>Torch's grouped product, which transformers and torchtitan run.</summary>
/// <param name="weights">fp32 or bf16; someone else's.</param>
/// <param name="kind">Which.</param>
/// <param name="tolerance">Largest error.</param>
/// <param name="topK">k.</param>
internal sealed class TorchGroupedLayer(TorchWeights weights, WeightKind kind, double tolerance, int topK)
    : TorchLayer("grouped", kind, tolerance, weights.Router, topK)
{
    private readonly Tensor _gateUp = weights.GateUp.transpose(1, 2).DetachFromDisposeScope();
    private readonly Tensor _down = weights.Down.transpose(1, 2).DetachFromDisposeScope();

    public override void Dispose()
    {
        base.Dispose();
        _gateUp.Dispose();
        _down.Dispose();
    }

    protected override Tensor Experts(Tensor rows, Tensor counts)
    {
        Tensor ends = counts.cumsum(0).to(ScalarType.Int32);
        Tensor[] halves = TorchProducts.Grouped(rows, _gateUp, ends).chunk(2, -1);
        return TorchProducts.Grouped(nn.functional.silu(halves[0]).mul_(halves[1]), _down, ends);
    }
}
