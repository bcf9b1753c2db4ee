using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Switchyard.Peers.Weights;
using Switchyard.Training.Benchmarks;

namespace Switchyard.Peers.Layers;

/// <summary>The layer as llama.cpp builds it of ggml's operators: softmax and top-k, the product of all chosen experts around <c>swiglu</c>, the weighted sum slot by slot.</summary>
[SuppressMessage("Usage", "CA2216:Disposable types should declare finalizer", Justification = "The memory is that of a program that ends.")]
internal sealed unsafe class GgmlLayer : Competitor
{
    private readonly BenchShape _shape;
    private readonly nint _backend, _routerContext, _expertContext, _routerBuffer, _expertBuffer, _router, _gateUp, _down;
    private nint _graphContext, _allocator, _graph, _input, _output;
    private float[][] _inputs = [];

    /// <summary>Makes and fills the tensors.</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="kind">Type of the weights.</param>
    /// <param name="repacked">Whether they are laid out anew for the products.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="tolerance">Largest error.</param>
    public GgmlLayer(LayerWeights weights, WeightKind kind, bool repacked, int threads, double tolerance)
        : base($"ggml{(repacked ? " repacked" : string.Empty)}", kind, tolerance)
    {
        _shape = weights.Shape;
        _backend = Ggml.NewBackend();
        Ggml.SetThreads(_backend, threads);
        _routerContext = Ggml.Context(1);
        _router = Ggml.NewTensor(_routerContext, (int)GgufType.F32, _shape.HiddenSize, _shape.Experts);
        _routerBuffer = Ggml.AllocateAll(_routerContext, Ggml.PlainBuffers());
        fixed (float* router = weights.Router)
        {
            Ggml.Set(_router, router, 0, (nuint)weights.Router.Length * sizeof(float));
        }

        GgufType type = kind switch { WeightKind.Fp32 => GgufType.F32, WeightKind.Bf16 => GgufType.BF16, WeightKind.Int8 => GgufType.Q8_0, _ => GgufType.Q4_0 };
        _expertContext = Ggml.Context(2);
        _gateUp = Ggml.NewTensor(_expertContext, (int)type, _shape.HiddenSize, 2 * _shape.InnerSize, _shape.Experts);
        _down = Ggml.NewTensor(_expertContext, (int)type, _shape.InnerSize, _shape.HiddenSize, _shape.Experts);
        _expertBuffer = Ggml.AllocateAll(_expertContext, repacked ? Ggml.RepackingBuffers() : Ggml.PlainBuffers());
        Fill(_gateUp, type, 2 * _shape.InnerSize, _shape.HiddenSize, weights.GateUp);
        Fill(_down, type, _shape.HiddenSize, _shape.InnerSize, weights.Down);
    }

    private delegate Span<float> Matrix(int expert);

    public override void Prepare(int tokens, float[][] inputs)
    {
        Release();
        _inputs = inputs;
        (int d, int experts, int k) = (_shape.HiddenSize, _shape.Experts, _shape.TopK);
        nint c = _graphContext = Ggml.Context(64);
        _input = Ggml.NewTensor(c, (int)GgufType.F32, d, tokens);
        Ggml.MarkInput(_input);
        nint probabilities = Ggml.Softmax(c, Ggml.Product(c, _router, _input));
        nint chosen = Ggml.TopK(c, probabilities, k);
        nint weights = Ggml.Reshape(c, Ggml.Rows(c, Ggml.Reshape(c, probabilities, 1, experts, tokens), chosen), k, tokens);
        weights = Ggml.Reshape(c, Ggml.Divide(c, weights, Ggml.Sums(c, weights)), 1, k, tokens);
        nint inner = Ggml.SwiGlu(c, Ggml.ProductOf(c, _gateUp, Ggml.Reshape(c, _input, d, 1, tokens), chosen));
        nint rows = Ggml.Multiply(c, Ggml.ProductOf(c, _down, inner, chosen), weights);
        nuint slot = (nuint)d * sizeof(float);
        _output = Ggml.View(c, rows, d, tokens, slot * (nuint)k, 0);
        for (int j = 1; j < k; j++)
        {
            _output = Ggml.Add(c, _output, Ggml.View(c, rows, d, tokens, slot * (nuint)k, slot * (nuint)j));
        }

        Ggml.MarkOutput(_output);
        _graph = Ggml.NewGraph(c);
        Ggml.Expand(_graph, _output);
        _allocator = Ggml.NewAllocator(Ggml.PlainBuffers());
        if (Ggml.Allocate(_allocator, _graph) == 0)
        {
            throw new InvalidOperationException("ggml has no memory for the graph");
        }
    }

    public override void Run(int input)
    {
        float[] x = _inputs[input];
        fixed (float* values = x)
        {
            Ggml.Set(_input, values, 0, (nuint)x.Length * sizeof(float));
        }

        if (Ggml.Compute(_backend, _graph) != 0)
        {
            throw new InvalidOperationException("ggml could not compute the graph");
        }
    }

    public override void CopyOutput(Span<float> output)
    {
        fixed (float* values = output)
        {
            Ggml.Get(_output, values, 0, (nuint)output.Length * sizeof(float));
        }
    }

    public override void Dispose()
    {
        Release();
        Ggml.FreeBuffer(_expertBuffer);
        Ggml.FreeBuffer(_routerBuffer);
        Ggml.Free(_expertContext);
        Ggml.Free(_routerContext);
        Ggml.FreeBackend(_backend);
    }

    /// <summary>All experts at once: a buffer that lays tensors out anew takes no parts.</summary>
    private void Fill(nint tensor, GgufType type, int rows, int columns, Matrix matrix)
    {
        int rowBytes = (int)Ggml.RowBytes((int)type, columns);
        long bytes = (long)rows * rowBytes;
        using NativeBlock<byte> all = new(bytes * _shape.Experts);
        Parallel.For(0, _shape.Experts, e =>
        {
            ReadOnlySpan<float> values = matrix(e);
            Span<byte> target = all.Part(e * bytes, (int)bytes);
            sbyte[] codes = new sbyte[columns];
            float[] scales = new float[columns / GgufBlocks.Values];
            for (int r = 0; r < rows; r++)
            {
                ReadOnlySpan<float> row = values.Slice(r * columns, columns);
                Span<byte> to = target.Slice(r * rowBytes, rowBytes);
                switch (type)
                {
                    case GgufType.F32:
                        MemoryMarshal.AsBytes(row).CopyTo(to);
                        break;
                    case GgufType.BF16:
                        BFloat16Rounding.Round(row, MemoryMarshal.Cast<byte, ushort>(to));
                        break;
                    default:
                        GroupCodes.Round(row, GgufBlocks.Values, type is GgufType.Q8_0 ? 8 : 4, codes, scales);
                        GgufBlocks.Pack(type, codes, scales, to);
                        break;
                }
            }
        });
        Ggml.Set(tensor, all.Start, 0, (nuint)all.Length);
    }

    private void Release()
    {
        if (_graphContext != 0)
        {
            Ggml.FreeAllocator(_allocator);
            Ggml.Free(_graphContext);
            _graphContext = 0;
        }
    }
}
