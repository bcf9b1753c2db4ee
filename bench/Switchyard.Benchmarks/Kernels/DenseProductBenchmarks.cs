using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Switchyard.Kernels;
using Switchyard.Kernels.Products;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Kernels;

/// <summary>y = x·Wᵀ of [M, 2048] and [1408, 2048] in fp32 by our kernels and by torch; 5 and 33 leave lanes of a panel empty.</summary>
public unsafe class DenseProductBenchmarks : TorchBenchmark
{
    private const int Inputs = 2048;
    private const int Outputs = 1408;
    private Tensor _x = null!;
    private Tensor _weights = null!;
    private Tensor _y = null!;
    private Tensor _dx = null!;
    private Tensor _dWeights = null!;

    [Params(1, 5, 33, 256, 1024)]
    public int Tokens { get; set; }

    [Benchmark]
    public void Forward() => Product().Forward(KernelEngine.Default, Floats(_y));

    [Benchmark(Baseline = true)]
    public void TorchForward() => Inference(() => nn.functional.linear(_x, _weights));

    [Benchmark]
    public void Backward() => Product().Backward(KernelEngine.Default, Floats(_y), Floats(_dx), Floats(_dWeights));

    /// <summary>The two products that torch's own backward is made of.</summary>
    [Benchmark]
    public void TorchBackward() => Inference(() =>
    {
        _y.matmul(_weights);
        _y.t().matmul(_x);
    });

    protected override void Prepare()
    {
        _x = randn(Tokens, Inputs);
        _weights = randn(Outputs, Inputs);
        _y = randn(Tokens, Outputs);
        _dx = empty_like(_x);
        _dWeights = empty_like(_weights);
    }

    private DenseProduct Product() => new() { Rows = Tokens, Inputs = Inputs, Outputs = Outputs, X = Floats(_x), Weights = Floats(_weights) };

    private static float* Floats(Tensor t) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(t.bytes));
}
