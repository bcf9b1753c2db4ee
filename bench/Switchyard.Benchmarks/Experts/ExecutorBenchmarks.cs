using BenchmarkDotNet.Attributes;
using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Selection;
using Switchyard.Training.Benchmarks;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Experts;

/// <summary>Every registered executor on the same plan: <c>grouped</c> is the grouped feed-forward of our kernels, <c>sequential</c> a loop of torch's matmul, <c>grouped-mm</c> torch's grouped product.</summary>
public class ExecutorBenchmarks : TorchBenchmark
{
    private ExpertExecutor _executor = null!;
    private ExpertWeights _weights = null!;
    private DispatchedTokens _tokens = null!;

    public static IEnumerable<string> Executors => Switchyard.Experts.Executors.All.Names;

    [ParamsSource(nameof(Executors))]
    public string Executor { get; set; } = string.Empty;

    [Params("small", "lpr")]
    public string Shape { get; set; } = string.Empty;

    [Params(1, 129, 1024)]
    public int Tokens { get; set; }

    [Params("even", "zipf:1")]
    public string Load { get; set; } = string.Empty;

    [Benchmark]
    public void Forward() => Inference(() => _executor.Run(_tokens, _weights));

    [Benchmark]
    public void ForwardBackward() => ForwardBackward(() => _executor.Run(_tokens, _weights));

    protected override void Prepare()
    {
        BenchShape shape = BenchShape.All.Get(Shape);
        _executor = Switchyard.Experts.Executors.All.Get(Executor).Create();
        _weights = new ExpertWeights(new ExpertOptions { Experts = shape.Experts, HiddenSize = shape.HiddenSize, InnerSize = shape.InnerSize });
        Tensor experts = LoadShape.Experts(Load, Tokens, shape.TopK, shape.Experts);
        Tensor x = randn(Tokens, shape.HiddenSize).requires_grad_(true);
        _tokens = new LocalDispatcher().Dispatch(x, new Assignment(experts, rand(Tokens, shape.TopK)), shape.Experts);
    }
}
