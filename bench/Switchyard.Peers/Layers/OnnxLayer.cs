using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Switchyard.Peers.Weights;
using Switchyard.Training.Benchmarks;

namespace Switchyard.Peers.Layers;

/// <summary>ONNX Runtime's operators <c>MoE</c> (fp32) and <c>QMoE</c> (integers by blocks), behind a <c>MatMul</c> that is the router.</summary>
internal sealed unsafe class OnnxLayer : Competitor
{
    private const string WeightFile = "weights.bin";
    private static readonly string[] InputNames = ["x"], OutputNames = ["y"];

    private readonly List<IDisposable> _owned = [];
    private readonly OnnxGraph _graph;
    private readonly SessionOptions _options;
    private readonly RunOptions _run = new();
    private readonly InferenceSession _session;
    private readonly int _width;
    private OrtValue[] _inputs = [];
    private OrtValue? _output;
    private float[] _result = [];
    private long _largest;

    /// <summary>Makes a session.</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="kind">fp32, int8 or int4.</param>
    /// <param name="block">Values that share a scale, for integers.</param>
    /// <param name="integerTokens">Whether the four-bit operator may make integers of the tokens (accuracy level 4).</param>
    /// <param name="threads">Threads.</param>
    /// <param name="tolerance">Largest error.</param>
    public OnnxLayer(LayerWeights weights, WeightKind kind, int block, bool integerTokens, int threads, double tolerance)
        : base($"ort{(kind is WeightKind.Fp32 ? string.Empty : $" b{block}")}{(integerTokens ? " a8" : string.Empty)}", kind, tolerance)
    {
        BenchShape shape = weights.Shape;
        _width = shape.HiddenSize;
        _graph = new OnnxGraph(_width);
        _options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        AddRouter(weights);
        (string, object)[] attributes =
        [
            ("k", shape.TopK), ("normalize_routing_weights", 1), ("activation_type", "swiglu"),
            ("swiglu_fusion", 1), ("activation_alpha", 1f), ("activation_beta", 0f),
        ];
        if (kind is WeightKind.Fp32)
        {
            AddNumbers(weights);
            _graph.Node("MoE", OnnxGraph.Contributed, ["x", "scores", "first", string.Empty, "second"], "y", attributes);
        }
        else
        {
            int bits = kind is WeightKind.Int8 ? 8 : 4;
            AddIntegers("first", 2 * shape.InnerSize, shape.HiddenSize, bits, block, shape.Experts, (e, row) => FirstRow(weights, e, row));
            AddIntegers("second", shape.HiddenSize, shape.InnerSize, bits, block, shape.Experts, (e, row) => weights.Down(e).Slice(row * shape.InnerSize, shape.InnerSize));
            _graph.Node(
                "QMoE",
                OnnxGraph.Contributed,
                ["x", "scores", "first", "first_scales", string.Empty, "second", "second_scales"],
                "y",
                [.. attributes, ("expert_weight_bits", bits), ("block_size", block), ("accuracy_level", integerTokens ? 4 : 0)]);
        }

        _session = Open();
    }

    private delegate ReadOnlySpan<float> RowOf(int expert, int row);

    public override void Prepare(int tokens, float[][] inputs)
    {
        Release();
        long[] shape = [tokens, _width];
        _result = new float[tokens * _width];
        _inputs = [.. inputs.Select(x => OrtValue.CreateTensorValueFromMemory(x, shape))];
        _output = OrtValue.CreateTensorValueFromMemory(_result, shape);
    }

    public override void Run(int input) => _session.Run(_run, InputNames, [_inputs[input]], OutputNames, [_output!]);

    public override void CopyOutput(Span<float> output) => _result.CopyTo(output);

    public override void Dispose()
    {
        Release();
        _session.Dispose();
        _run.Dispose();
        _options.Dispose();
        _owned.ForEach(o => o.Dispose());
    }

    /// <summary>The operators take the rows of gate and up in turn.</summary>
    private static ReadOnlySpan<float> FirstRow(LayerWeights weights, int expert, int row)
    {
        (int d, int f) = (weights.Shape.HiddenSize, weights.Shape.InnerSize);
        return weights.GateUp(expert).Slice(((row % 2 * f) + (row / 2)) * d, d);
    }

    private void Release()
    {
        Array.ForEach(_inputs, x => x.Dispose());
        _output?.Dispose();
        (_inputs, _output) = ([], null);
    }

    private void AddRouter(LayerWeights weights)
    {
        (int d, int experts) = (weights.Shape.HiddenSize, weights.Shape.Experts);
        float* router = Add<float>("router", OnnxGraph.Float, d, experts);
        for (int e = 0; e < experts; e++)
        {
            for (int i = 0; i < d; i++)
            {
                router[(i * experts) + e] = weights.Router[(e * d) + i];
            }
        }

        _graph.Node("MatMul", string.Empty, ["x", "router"], "scores");
    }

    private void AddNumbers(LayerWeights weights)
    {
        BenchShape shape = weights.Shape;
        (int d, int rows) = (shape.HiddenSize, 2 * shape.InnerSize);
        float* first = Add<float>("first", OnnxGraph.Float, shape.Experts, rows, d);
        float* second = Add<float>("second", OnnxGraph.Float, shape.Experts, d, shape.InnerSize);
        Parallel.For(0, shape.Experts, e =>
        {
            for (int row = 0; row < rows; row++)
            {
                FirstRow(weights, e, row).CopyTo(new Span<float>(first + ((((long)e * rows) + row) * d), d));
            }

            weights.Down(e).CopyTo(new Span<float>(second + ((long)e * weights.DownLength), weights.DownLength));
        });
    }

    /// <summary>Codes around 128 or 8 (two to a byte, the even column in the low half), and scales.</summary>
    private void AddIntegers(string name, int rows, int columns, int bits, int block, int experts, RowOf rowOf)
    {
        int width = columns * bits / 8, blocks = columns / block;
        byte* codes = Add<byte>(name, OnnxGraph.UInt8, experts, rows, width);
        float* scales = Add<float>(name + "_scales", OnnxGraph.Float, experts, rows, blocks);
        Parallel.For(0, experts, e =>
        {
            sbyte[] rounded = new sbyte[columns];
            for (int row = 0; row < rows; row++)
            {
                long at = ((long)e * rows) + row;
                GroupCodes.Round(rowOf(e, row), block, bits, rounded, new Span<float>(scales + (at * blocks), blocks));
                Span<byte> target = new(codes + (at * width), width);
                if (bits == 4)
                {
                    GroupCodes.Pair(rounded, target);
                    continue;
                }

                for (int i = 0; i < columns; i++)
                {
                    target[i] = (byte)(rounded[i] + 128);
                }
            }
        });
    }

    private T* Add<T>(string name, int type, params long[] shape)
        where T : unmanaged
    {
        NativeBlock<T> block = new(shape.Aggregate(1L, (a, b) => a * b));
        long bytes = block.Length * sizeof(T);
        OrtValue value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type == OnnxGraph.Float ? TensorElementType.Float : TensorElementType.UInt8, shape, (nint)block.Start, bytes);
        _owned.Add(value);
        _owned.Add(block);
        _options.AddInitializer(name, value);
        _graph.Weight(name, type, shape, WeightFile, bytes);
        _largest = Math.Max(_largest, bytes);
        return block.Start;
    }

    /// <summary>The file of the weights is a hole of their length.</summary>
    private InferenceSession Open()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("switchyard-peers-");
        try
        {
            string path = Path.Combine(folder.FullName, "layer.onnx");
            File.WriteAllBytes(path, _graph.ToArray());
            using (FileStream hole = File.Create(Path.Combine(folder.FullName, WeightFile)))
            {
                hole.SetLength(_largest);
            }

            return new InferenceSession(path, _options);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
