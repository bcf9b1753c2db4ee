using BenchmarkDotNet.Attributes;
using Switchyard.Routing;

namespace Switchyard.Benchmarks.Routing;

/// <summary>Scores of every registered router, in inference.</summary>
public class RouterBenchmarks : RouterBenchmark
{
    public static IEnumerable<string> Names => Routers.All.Names;

    [ParamsSource(nameof(Names))]
    public string RouterName { get; set; } = string.Empty;

    protected override string Name => RouterName;

    [Benchmark]
    public void Forward() => Inference(() => Router.Score(X, Context));

    protected override void Prepare()
    {
        base.Prepare();
        Router.eval();
    }
}
