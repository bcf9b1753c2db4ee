using Switchyard.Peers.Weights;
using Switchyard.Training.Benchmarks;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Peers.Layers;

/// <summary>The loop on torch's products of bf16 tokens with 8-bit weights (a scale a row) or 4-bit ones (a scale for 32 values).</summary>
internal sealed class TorchIntegerLayer : TorchLoopLayer
{
    private readonly Tensor _router;
    private readonly (Tensor Codes, Tensor Scales)[] _gateUp, _down;

    private TorchIntegerLayer(LayerWeights weights, WeightKind kind, double tolerance, Tensor router)
        : base("loop", kind, tolerance, router, weights.Shape.TopK)
    {
        BenchShape shape = weights.Shape;
        _router = router;
        _gateUp = [.. Enumerable.Range(0, shape.Experts).Select(e => Packed(weights.GateUp(e), 2 * shape.InnerSize))];
        _down = [.. Enumerable.Range(0, shape.Experts).Select(e => Packed(weights.Down(e), shape.HiddenSize))];
    }

    /// <summary>Rounds and packs the weights.</summary>
    public static TorchIntegerLayer Make(LayerWeights weights, WeightKind kind, double tolerance) =>
        new(weights, kind, tolerance, tensor(weights.Router, [weights.Shape.Experts, weights.Shape.HiddenSize]).DetachFromDisposeScope());

    public override void Dispose()
    {
        base.Dispose();
        _router.Dispose();
        foreach ((Tensor codes, Tensor scales) in _gateUp.Concat(_down))
        {
            codes.Dispose();
            scales.Dispose();
        }
    }

    protected override Tensor First(Tensor rows, int expert) => Product(rows, _gateUp[expert]);

    protected override Tensor Second(Tensor rows, int expert) => Product(rows, _down[expert]);

    private Tensor Product(Tensor rows, (Tensor Codes, Tensor Scales) matrix) => Kind is WeightKind.Int8
        ? TorchProducts.Int8(rows, matrix.Codes, matrix.Scales)
        : TorchProducts.Int4(rows, matrix.Codes, matrix.Scales);

    private (Tensor Codes, Tensor Scales) Packed(ReadOnlySpan<float> matrix, int rows)
    {
        using DisposeScope scope = NewDisposeScope();
        int columns = matrix.Length / rows, group = Kind is WeightKind.Int8 ? columns : TorchProducts.FourBitGroup;
        sbyte[] codes = new sbyte[matrix.Length];
        float[] scales = new float[matrix.Length / group];
        GroupCodes.Round(matrix, group, Kind is WeightKind.Int8 ? 8 : 4, codes, scales);
        Tensor all = tensor(codes, [rows, columns]).clone(); // aligned, which an array is not
        if (Kind is WeightKind.Int8)
        {
            return (all.MoveToOuterDisposeScope(), tensor(scales).to(ScalarType.BFloat16).MoveToOuterDisposeScope());
        }

        // [K/32, N, 2]: W = (code − 8) · scale + what is added, which is nothing.
        Tensor factors = tensor(scales, [rows, columns / group]).t();
        Tensor pairs = stack([factors, zeros_like(factors)], -1).to(ScalarType.BFloat16).contiguous();
        return (TorchProducts.PackInt4(all.to(ScalarType.Int32) + 8).MoveToOuterDisposeScope(), pairs.MoveToOuterDisposeScope());
    }
}
