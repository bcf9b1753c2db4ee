using static TorchSharp.torch;

namespace Switchyard.Peers.Layers;

/// <summary>The loop on <c>linear</c>.</summary>
/// <param name="weights">fp32 or bf16; its own.</param>
/// <param name="kind">Which.</param>
/// <param name="tolerance">Largest error.</param>
/// <param name="topK">k.</param>
internal sealed class TorchLinearLayer(TorchWeights weights, WeightKind kind, double tolerance, int topK)
    : TorchLoopLayer("loop", kind, tolerance, weights.Router, topK)
{
    public override void Dispose()
    {
        base.Dispose();
        weights.Dispose();
    }

    protected override Tensor First(Tensor rows, int expert) => nn.functional.linear(rows, weights.GateUpOf[expert]);

    protected override Tensor Second(Tensor rows, int expert) => nn.functional.linear(rows, weights.DownOf[expert]);
}
