using Switchyard.Experts;
using Switchyard.Kernels;
using Switchyard.Kernels.Storage;
using Switchyard.Peers.Weights;
using Switchyard.Training.Benchmarks;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Peers.Layers;

/// <summary>Switchyard's layer over stored experts, executor <c>grouped</c>.</summary>
internal sealed unsafe class SwitchyardLayer : Competitor
{
    private readonly List<IDisposable> _memory = [];
    private readonly MoeLayer _layer;
    private Tensor[] _inputs = [];
    private Tensor? _output;

    /// <summary>Makes the layer.</summary>
    /// <param name="weights">Its weights.</param>
    /// <param name="kind">How they are stored.</param>
    /// <param name="group">Values that share a scale, for integers.</param>
    /// <param name="arithmetic">What is multiplied.</param>
    /// <param name="tolerance">Largest error.</param>
    public SwitchyardLayer(LayerWeights weights, WeightKind kind, int group, Arithmetic arithmetic, double tolerance)
        : base($"switchyard{(kind is WeightKind.Int8 or WeightKind.Int4 ? $" g{group}" : string.Empty)} in {arithmetic.ToString().ToLowerInvariant()}", kind, tolerance)
    {
        BenchShape shape = weights.Shape;
        MoeLayerOptions options = new()
        {
            HiddenSize = shape.HiddenSize,
            Experts = shape.Experts,
            TopK = shape.TopK,
            InnerSize = shape.InnerSize,
            ExecutorOptions = new ExecutorOptions { Arithmetic = arithmetic },
        };
        StoredExperts stored = new(
            options.ExpertSizes,
            Matrices(shape.Experts, 2 * shape.InnerSize, shape.HiddenSize, kind, group, weights.GateUp),
            Matrices(shape.Experts, shape.HiddenSize, shape.InnerSize, kind, group, weights.Down),
            kind.ToString());
        _layer = new MoeLayer(options, storedExperts: stored);
        _layer.eval();
        using DisposeScope scope = NewDisposeScope();
        using var quiet = no_grad();
        _layer.Router.parameters().Single().copy_(tensor(weights.Router, [shape.Experts, shape.HiddenSize]));
    }

    public override bool IsOurs => true;

    public override void Prepare(int tokens, float[][] inputs)
    {
        using DisposeScope scope = NewDisposeScope();
        Array.ForEach(_inputs, x => x.Dispose());
        // Copies are aligned, which arrays are not.
        _inputs = [.. inputs.Select(x => tensor(x, [tokens, _layer.Options.HiddenSize]).clone().DetachFromDisposeScope())];
    }

    public override void Run(int input)
    {
        using DisposeScope scope = NewDisposeScope();
        using var quiet = no_grad();
        _output?.Dispose();
        _output = _layer.forward(_inputs[input]).MoveToOuterDisposeScope();
    }

    public override void CopyOutput(Span<float> output) => _output!.data<float>().ToArray().CopyTo(output);

    public override void Dispose()
    {
        Array.ForEach(_inputs, x => x.Dispose());
        _output?.Dispose();
        _layer.Dispose();
        _memory.ForEach(m => m.Dispose());
    }

    private delegate Span<float> Matrix(int expert);

    private StoredMatrix[] Matrices(int experts, int rows, int columns, WeightKind kind, int group, Matrix values)
    {
        long length = (long)rows * columns, groups = length / group;
        NativeBlock<byte> codes = Take<byte>(kind switch
        {
            WeightKind.Fp32 => 0,
            WeightKind.Bf16 => experts * length * sizeof(ushort),
            WeightKind.Int8 => experts * length,
            _ => experts * length / 2,
        });
        NativeBlock<float> scales = Take<float>(kind is WeightKind.Int8 or WeightKind.Int4 ? experts * groups : 0);
        StoredMatrix[] matrices = new StoredMatrix[experts];
        Parallel.For(0, experts, e =>
        {
            Span<float> matrix = values(e);
            byte* at = codes.Start + (codes.Length / experts * e);
            float* factors = scales.Start + (scales.Length / experts * e);
            switch (kind)
            {
                case WeightKind.Fp32:
                    fixed (float* native = matrix)
                    {
                        // Native memory, which outlives the layer.
                        matrices[e] = new Float32Matrix(native, rows, columns);
                    }

                    break;
                case WeightKind.Bf16:
                    BFloat16Rounding.Round(matrix, new Span<ushort>(at, matrix.Length));
                    matrices[e] = new BFloat16Matrix((ushort*)at, rows, columns);
                    break;
                case WeightKind.Int8:
                    GroupCodes.Round(matrix, group, 8, new Span<sbyte>(at, matrix.Length), new Span<float>(factors, (int)groups));
                    matrices[e] = new Int8Matrix((sbyte*)at, factors, rows, columns, group);
                    break;
                default:
                    sbyte[] all = new sbyte[matrix.Length];
                    GroupCodes.Round(matrix, group, 4, all, new Span<float>(factors, (int)groups));
                    GroupCodes.Pair(all, new Span<byte>(at, matrix.Length / 2));
                    matrices[e] = new Int4Matrix(at, factors, rows, columns, group);
                    break;
            }
        });
        return matrices;
    }

    private NativeBlock<T> Take<T>(long length)
        where T : unmanaged
    {
        NativeBlock<T> block = new(length);
        _memory.Add(block);
        return block;
    }
}
