using BenchmarkDotNet.Attributes;
using Switchyard.Dispatch;
using Switchyard.Training.Benchmarks;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Dispatch;

/// <summary>The counting sort of the pairs of T tokens, top-8 of 128 experts.</summary>
public class DispatchPlanBenchmarks : TorchBenchmark
{
    private Tensor _experts = null!;

    [Params(1, 129, 4096)]
    public int Tokens { get; set; }

    [Params("even", "zipf:1", "collapsed")]
    public string Load { get; set; } = string.Empty;

    [Benchmark]
    public void Plan() => Inference(() => DispatchPlan.From(_experts, 128));

    protected override void Prepare() => _experts = LoadShape.Experts(Load, Tokens, 8, 128);
}
