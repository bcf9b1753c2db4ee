using BenchmarkDotNet.Attributes;
using Switchyard.Metrics;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Metrics;

/// <summary>What listening to one layer of 128 experts, top-8, costs: loads alone, as in training, or everything.</summary>
public class LoadRecorderBenchmarks : TorchBenchmark
{
    private readonly LoadRecorder _loads = new(LoadRecorderOptions.LoadOnly);
    private readonly LoadRecorder _everything = new();
    private RoutingObservation _observation = null!;

    [Params(1, 4096)]
    public int Tokens { get; set; }

    [Benchmark(Baseline = true)]
    public void LoadOnly() => Inference(() => _loads.Observe(_observation));

    [Benchmark]
    public void Everything() => Inference(() => _everything.Observe(_observation));

    [Benchmark]
    public IReadOnlyList<LayerStatistics> Statistics() => _everything.Statistics();

    protected override void Prepare()
    {
        Tensor scores = randn(Tokens, 128);
        Assignment assignment = Selectors.All.Get("softmax-topk").Create(new SelectorOptions { Experts = 128, TopK = 8 }).Select(scores, scores);
        _observation = new RoutingObservation(0, scores, assignment, RoutingContext.None);
        _everything.Observe(_observation);
    }
}
