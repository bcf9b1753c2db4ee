using System.Globalization;
using Switchyard.Balancing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Balancing;

/// <summary>How even a balancer leaves the load of text it has not seen, in a simulation of training (<see cref="DriftingTokens"/>).</summary>
public sealed class HeldOutBalanceTests(ITestOutputHelper output)
{
    [Fact]
    public void The_prices_of_dual_balance_held_out_tokens()
    {
        using var scope = NewDisposeScope();

        Outcome result = Simulate("dual", new BalancerOptions { Experts = 16, TopK = 2 }, tokens: 2048, steps: 200, drift: 0.01, seed: 1);

        Assert.True(result.PlainGini > 0.1, $"the router is even without prices: {result.PlainGini}");
        Assert.True(result.BatchGini < 0.02, $"Gini of the last batches {result.BatchGini}");
        Assert.True(result.Gini < 0.03, $"held-out Gini {result.Gini}");
        Assert.True(result.MinMax > 0.8, $"held-out min-max ratio {result.MinMax}");
    }

    /// <summary>How far the averages of <c>dual</c> look back, and other balancers; run it by name with <c>-explicit only -showLiveOutput</c>.</summary>
    [Fact(Explicit = true)]
    public void Study_of_averages_sweeps_and_other_balancers()
    {
        output.WriteLine("| E, k, T | drift | balancer | sweeps | average | Gini of a batch | held-out Gini | held-out min-max |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach ((int experts, int k, int tokens) in ((int, int, int)[])[(16, 2, 2048), (64, 8, 1024)])
        {
            foreach (double drift in (double[])[0.003, 0.03])
            {
                BalancerOptions options = new() { Experts = experts, TopK = k };
                foreach (double decay in (double[])[0.9, 0.95, 0.98, 0.99])
                {
                    Line("dual", options with { Decay = decay }, tokens, drift);
                }

                foreach (double share in (double[])[0.1, 0.05, 0.03, 0.02, 0.01])
                {
                    Line("dual", options with { AverageShare = share }, tokens, drift);
                }

                foreach (int sweeps in (int[])[1, 2, 8])
                {
                    Line("dual", options with { Sweeps = sweeps }, tokens, drift);
                }

                Line("dual", options with { Scope = BalanceScope.SequencePrefix }, tokens, drift);
                Line("bias:0.001", options, tokens, drift);
                Line("bias:0.01", options, tokens, drift);
                Line("feedback:0.1", options, tokens, drift);
                Line("feedback:1", options, tokens, drift);
            }
        }
    }

    private void Line(string name, BalancerOptions options, int tokens, double drift)
    {
        Outcome[] runs = [.. Enumerable.Range(1, 2).Select(seed => Simulate(name, options, tokens, 200, drift, seed))];
        string scope = options.Scope == BalanceScope.SequencePrefix ? ", sequence-prefix" : string.Empty;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {options.Experts}, {options.TopK}, {tokens} | {drift} | {name}{scope} | {options.Sweeps} | {(options.Decay is { } decay ? $"decay {decay}" : $"share {options.AverageShare}")} | {runs.Average(r => r.BatchGini):f4} | {runs.Average(r => r.Gini):f4} | {runs.Average(r => r.MinMax):f3} |"));
    }

    private static Outcome Simulate(string name, BalancerOptions options, int tokens, int steps, double drift, int seed)
    {
        using var scope = NewDisposeScope();
        DriftingTokens source = new(options.Experts, seed);
        using Balancer balancer = Balancers.Create(name, options);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = options.Experts, TopK = options.TopK });
        List<double> batches = [];
        for (int i = 0; i < steps; i++)
        {
            using var step = NewDisposeScope();
            source.Walk(drift * DriftingTokens.Decayed(i, steps));
            Tensor load = Load(source.Scores(tokens));
            balancer.Observe(load);
            balancer.AfterStep();
            batches.Add(Gini(load));
        }

        balancer.eval();
        Tensor held = source.Scores(1 << 16);
        Tensor loadHeld = Load(held);
        Tensor plain = ExpertLoad.Count(TopK.Indices(held, options.TopK), options.Experts);
        return new Outcome(
            batches.TakeLast(20).Average(),
            Gini(loadHeld),
            (loadHeld.min().to(ScalarType.Float64) / loadHeld.max()).item<double>(),
            Gini(plain));

        Tensor Load(Tensor scores) => ExpertLoad.Count(selector.Assign(scores, balancer.ChoiceBias).Experts, options.Experts);
    }

    private static double Gini(Tensor load)
    {
        long[] sorted = [.. load.data<long>().ToArray().Order()];
        double weighted = sorted.Select((n, i) => ((2.0 * (i + 1)) - sorted.Length - 1) * n).Sum();
        return weighted / (sorted.Length * (double)sorted.Sum());
    }

    private sealed record Outcome(double BatchGini, double Gini, double MinMax, double PlainGini);
}
