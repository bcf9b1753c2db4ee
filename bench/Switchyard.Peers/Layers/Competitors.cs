using Switchyard.Kernels;

namespace Switchyard.Peers.Layers;

/// <summary>All ways of running a layer with weights of one type.</summary>
internal static class Competitors
{
    private const double Fp32 = 1e-5, Bf16 = 2e-2, Int8 = 3e-2, Int4 = 0.25;

    /// <summary>Makes those that are to be timed; the caller disposes them.</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="kind">Type of the weights.</param>
    /// <param name="threads">Threads of each.</param>
    /// <param name="isTimed">Whether a name is to be timed; names of a library begin with it.</param>
    public static IEnumerable<Competitor> Make(LayerWeights weights, WeightKind kind, int threads, Predicate<string> isTimed)
    {
        double tolerance = kind switch { WeightKind.Fp32 => Fp32, WeightKind.Bf16 => Bf16, WeightKind.Int8 => Int8, _ => Int4 };
        List<Competitor> all = [];
        if (isTimed(SpinningProcess.Torch))
        {
            AddTorch(all, weights, kind, tolerance);
        }

        if (isTimed("ort"))
        {
            all.AddRange(kind switch
            {
                WeightKind.Fp32 => [Onnx(0, false)],
                WeightKind.Int8 => [Onnx(32, false), Onnx(128, false)],
                WeightKind.Int4 => [Onnx(32, false), Onnx(32, true), Onnx(128, true)],
                _ => Array.Empty<Competitor>(), // no operator of these
            });
        }

        if (isTimed(SpinningProcess.Ggml))
        {
            all.Add(new GgmlLayer(weights, kind, repacked: false, threads, tolerance));
            if (kind is WeightKind.Int4 && Ggml.RepackingBuffers() != 0)
            {
                all.Add(new GgmlLayer(weights, kind, repacked: true, threads, tolerance));
            }
        }

        if (isTimed("switchyard"))
        {
            all.AddRange(kind switch
            {
                WeightKind.Fp32 => Ours((1, Arithmetic.Fp32)),
                WeightKind.Bf16 => Ours((1, Arithmetic.Fp32), (1, Arithmetic.Bf16)),
                _ => Ours((32, Arithmetic.Fp32), (32, Arithmetic.Int16), (128, Arithmetic.Int16), (32, Arithmetic.Bf16), (32, Arithmetic.Int8), (128, Arithmetic.Int8)),
            });
        }

        return all;

        OnnxLayer Onnx(int block, bool integerTokens) => new(weights, kind, block, integerTokens, threads, tolerance);

        // What this processor has no instruction for is refused by name.
        IEnumerable<Competitor> Ours(params (int Group, Arithmetic Arithmetic)[] ways) => ways
            .Where(w => w.Arithmetic == Arithmetic.Fp32 || KernelEngine.Default.IsAssembled(w.Arithmetic))
            .Select(w => new SwitchyardLayer(weights, kind, w.Group, w.Arithmetic, tolerance));
    }

    private static void AddTorch(List<Competitor> all, LayerWeights weights, WeightKind kind, double tolerance)
    {
        if (kind is WeightKind.Int8 or WeightKind.Int4)
        {
            all.Add(TorchIntegerLayer.Make(weights, kind, tolerance));
            return;
        }

        TorchWeights tensors = new(weights, kind);
        all.Add(new TorchGroupedLayer(tensors, kind, tolerance, weights.Shape.TopK));
        all.Add(new TorchLinearLayer(tensors, kind, tolerance, weights.Shape.TopK));
    }
}
