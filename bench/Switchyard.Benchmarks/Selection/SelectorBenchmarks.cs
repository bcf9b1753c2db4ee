using BenchmarkDotNet.Attributes;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Selection;

/// <summary>Top-8 of 128 experts by every registered selector, in training mode, where some do more.</summary>
public class SelectorBenchmarks : TorchBenchmark
{
    private Selector _selector = null!;
    private Tensor _scores = null!;
    private Tensor _x = null!;

    public static IEnumerable<string> Names => Selectors.All.Names;

    [ParamsSource(nameof(Names))]
    public string Selector { get; set; } = string.Empty;

    [Params(1, 4096)]
    public int Tokens { get; set; }

    [Benchmark]
    public void Forward() => Inference(() => _selector.Select(_scores, _x));

    [Benchmark]
    public void ForwardBackward()
    {
        using var scope = NewDisposeScope();
        using Tensor scores = _scores.detach().requires_grad_(true);
        Tensor weights = _selector.Select(scores, _x).Weights;
        if (weights.requires_grad)
        {
            weights.square().sum().backward();
        }
    }

    protected override void Prepare()
    {
        _selector = Selectors.All.Get(Selector).Create(new SelectorOptions { Experts = 128, TopK = 8, HiddenSize = 256 });
        _scores = randn(Tokens, 128);
        _x = randn(Tokens, 256);
    }
}
