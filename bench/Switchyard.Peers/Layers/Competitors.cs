using Switchyard.Kernels;

namespace Switchyard.Peers.Layers;

/// <summary>All ways of running a layer with weights of one type.</summary>
internal static class Competitors
{
    private const double Fp32 = 1e-5, Bf16 = 2e-2, Int8 = 3e-2, Int4 = 0.25;

    /// <summary>Makes them; the caller disposes them.</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="kind">Type of the weights.</param>
    /// <param name="threads">Threads of each.</param>
    public static List<Competitor> Make(LayerWeights weights, WeightKind kind, int threads)
    {
        int k = weights.Shape.TopK;
        return kind switch
        {
            WeightKind.Fp32 => [.. Torch(Fp32), new OnnxLayer(weights, kind, 0, false, threads, Fp32), Ggml(false, Fp32), Ours(1, Arithmetic.Fp32, Fp32)],
            WeightKind.Bf16 => [.. Torch(Bf16), Ggml(false, Bf16), Ours(1, Arithmetic.Fp32, Bf16), Ours(1, Arithmetic.Bf16, Bf16)],
            WeightKind.Int8 =>
            [
                TorchIntegerLayer.Make(weights, kind, Int8),
                new OnnxLayer(weights, kind, 32, false, threads, Int8),
                new OnnxLayer(weights, kind, 128, false, threads, Int8),
                Ggml(false, Int8),
                .. OursByArithmetic(Int8),
            ],
            _ =>
            [
                TorchIntegerLayer.Make(weights, kind, Int4),
                new OnnxLayer(weights, kind, 32, false, threads, Int4),
                new OnnxLayer(weights, kind, 32, true, threads, Int4),
                new OnnxLayer(weights, kind, 128, true, threads, Int4),
                Ggml(false, Int4),
                .. Layers.Ggml.RepackingBuffers() == 0 ? Enumerable.Empty<Competitor>() : [Ggml(true, Int4)],
                .. OursByArithmetic(Int4),
            ],
        };

        Competitor[] Torch(double tolerance)
        {
            TorchWeights tensors = new(weights, kind);
            return [new TorchGroupedLayer(tensors, kind, tolerance, k), new TorchLinearLayer(tensors, kind, tolerance, k)];
        }

        Competitor Ggml(bool repacked, double tolerance) => new GgmlLayer(weights, kind, repacked, threads, tolerance);

        Competitor Ours(int group, Arithmetic arithmetic, double tolerance) => new SwitchyardLayer(weights, kind, group, arithmetic, tolerance);

        IEnumerable<Competitor> OursByArithmetic(double tolerance) =>
            [Ours(32, Arithmetic.Fp32, tolerance), Ours(32, Arithmetic.Bf16, tolerance), Ours(32, Arithmetic.Int8, tolerance), Ours(128, Arithmetic.Int8, tolerance)];
    }
}
