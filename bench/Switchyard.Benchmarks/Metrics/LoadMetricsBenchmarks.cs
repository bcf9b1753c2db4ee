using BenchmarkDotNet.Attributes;
using Switchyard.Metrics;

namespace Switchyard.Benchmarks.Metrics;

/// <summary>The figures of one load over E experts.</summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class LoadMetricsBenchmarks
{
    private long[] _load = [];

    [Params(8, 128, 1024)]
    public int Experts { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        Random random = new(1);
        _load = [.. Enumerable.Range(0, Experts).Select(e => (long)(random.NextDouble() * 1e6 / (e + 1)))];
    }

    [Benchmark]
    public double Gini() => LoadMetrics.Gini(_load);

    [Benchmark]
    public LoadStatistics All() => LoadStatistics.Of(_load);
}
