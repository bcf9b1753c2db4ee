using static TorchSharp.torch;

namespace Switchyard.Peers.Layers;

/// <summary>A loop over the experts that have rows; how one of them multiplies is left open.</summary>
internal abstract class TorchLoopLayer : TorchLayer
{
    /// <inheritdoc/>
    protected TorchLoopLayer(string name, WeightKind kind, double tolerance, Tensor router, int topK)
        : base(name, kind, tolerance, router, topK)
    {
    }

    /// <summary>rows · W_gate_upᵀ of an expert.</summary>
    protected abstract Tensor First(Tensor rows, int expert);

    /// <summary>rows · W_downᵀ of an expert.</summary>
    protected abstract Tensor Second(Tensor rows, int expert);

    protected sealed override Tensor Experts(Tensor rows, Tensor counts)
    {
        long[] lengths = counts.data<long>().ToArray();
        List<Tensor> parts = [];
        long start = 0;
        for (int e = 0; e < lengths.Length; start += lengths[e++])
        {
            if (lengths[e] > 0)
            {
                Tensor[] halves = First(rows.narrow(0, start, lengths[e]), e).chunk(2, -1);
                parts.Add(Second(nn.functional.silu(halves[0]).mul_(halves[1]), e));
            }
        }

        return cat(parts, 0);
    }
}
