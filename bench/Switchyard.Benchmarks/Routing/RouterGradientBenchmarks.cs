using BenchmarkDotNet.Attributes;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Routing;

/// <summary>Scores and gradients, those of the hidden states too, of every registered router that learns.</summary>
public class RouterGradientBenchmarks : RouterBenchmark
{
    public static IEnumerable<string> Names => Routers.All.Where(r => r.IsTrainable).Select(r => r.Name);

    [ParamsSource(nameof(Names))]
    public string RouterName { get; set; } = string.Empty;

    protected override string Name => RouterName;

    [Benchmark]
    public void ForwardBackward()
    {
        using var scope = NewDisposeScope();
        using Tensor x = X.detach().requires_grad_(true);
        Router.Score(x, Context).Scores.sum().backward();
    }
}
