using System.Runtime.InteropServices;
using Switchyard.Peers.Weights;
using Switchyard.Training.Benchmarks;
using static TorchSharp.torch;

namespace Switchyard.Peers.Layers;

/// <summary>The layer's weights as torch's products take them.</summary>
internal sealed class TorchWeights : IDisposable
{
    private readonly List<Tensor> _owned = [];

    /// <summary>Makes fp32 or bf16 tensors.</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="kind">fp32 or bf16.</param>
    public TorchWeights(LayerWeights weights, WeightKind kind)
    {
        BenchShape shape = weights.Shape;
        Router = Own(tensor(weights.Router, [shape.Experts, shape.HiddenSize]));
        GateUp = Own(empty([shape.Experts, 2 * shape.InnerSize, shape.HiddenSize], TypeOf(kind)));
        Down = Own(empty([shape.Experts, shape.HiddenSize, shape.InnerSize], TypeOf(kind)));
        GateUpOf = [.. GateUp.unbind(0).Select(Own)];
        DownOf = [.. Down.unbind(0).Select(Own)];
        for (int e = 0; e < shape.Experts; e++)
        {
            Fill(GateUpOf[e], weights.GateUp(e));
            Fill(DownOf[e], weights.Down(e));
        }
    }

    /// <summary>[E, d].</summary>
    public Tensor Router { get; }

    /// <summary>[E, 2f, d].</summary>
    public Tensor GateUp { get; }

    /// <summary>[E, d, f].</summary>
    public Tensor Down { get; }

    /// <summary>E of [2f, d].</summary>
    public Tensor[] GateUpOf { get; }

    /// <summary>E of [d, f].</summary>
    public Tensor[] DownOf { get; }

    /// <summary>Torch's type of a kind of weights; the integers' products take tokens in bf16.</summary>
    public static ScalarType TypeOf(WeightKind kind) => kind is WeightKind.Fp32 ? ScalarType.Float32 : ScalarType.BFloat16;

    /// <inheritdoc/>
    public void Dispose() => _owned.ForEach(t => t.Dispose());

    private Tensor Own(Tensor t)
    {
        _owned.Add(t);
        return t.DetachFromDisposeScope();
    }

    private static void Fill(Tensor target, ReadOnlySpan<float> values)
    {
        if (target.dtype == ScalarType.Float32)
        {
            MemoryMarshal.AsBytes(values).CopyTo(target.bytes);
            return;
        }

        BFloat16Rounding.Round(values, MemoryMarshal.Cast<byte, ushort>(target.bytes));
    }
}
