using BenchmarkDotNet.Attributes;
using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Balancing;

/// <summary>Selection and balancing in a training step of one layer of 128 experts, top-8, with every registered balancer: its bias, its loss with the gradient, its update. <c>none</c> is the selection alone.</summary>
public class BalancerBenchmarks : TorchBenchmark
{
    private Balancer _balancer = null!;
    private Selector _selector = null!;
    private Tensor _scores = null!;
    private Tensor _load = null!;
    private RoutingContext _context = null!;

    public static IEnumerable<string> Names => Balancers.All.Names;

    [ParamsSource(nameof(Names))]
    public string Balancer { get; set; } = string.Empty;

    [Params(256, 4096)]
    public int Tokens { get; set; }

    [Benchmark]
    public void Step()
    {
        using var scope = NewDisposeScope();
        using Tensor scores = _scores.detach().requires_grad_(true);
        Assignment assignment = _selector.Select(scores, scores, preference => _balancer.ChoiceBias(preference, _context));
        _balancer.Observe(_load);
        _balancer.Loss(new BalanceInput(scores, assignment, _context))?.backward();
        using var quiet = no_grad();
        _balancer.AfterStep();
    }

    protected override void Prepare()
    {
        _balancer = Balancers.Create(Balancer, new BalancerOptions { Experts = 128, TopK = 8 });
        _balancer.train();
        _scores = randn(Tokens, 128);
        _context = new RoutingContext { SequenceLength = 128 };
        _selector = Selectors.All.Get("softmax-topk").Create(new SelectorOptions { Experts = 128, TopK = 8 });
        _load = _selector.Select(_scores, _scores).Experts.flatten().bincount(null, 128);
    }
}
