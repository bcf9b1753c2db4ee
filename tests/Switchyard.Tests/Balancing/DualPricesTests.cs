using System.Globalization;
using System.Text;
using CsCheck;
using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Balancing;

public sealed class DualPricesTests(ITestOutputHelper output)
{
    public static TheoryData<string> Optimum => Golden.Files("selectors", "dual-optimum*.safetensors");

    [Theory]
    [MemberData(nameof(Optimum))]
    public void Sweeps_reach_the_balanced_optimum_of_linear_programming(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("selectors", file);
        StringBuilder table = new();
        table.AppendLine("| case | sweeps | largest load ÷ T·k/E | smallest | value ÷ optimum − 1 |").AppendLine("|---|---|---|---|---|");
        foreach ((string number, Tensor scores, int k, double optimum) in Cases(golden))
        {
            foreach (int sweeps in (int[])[1, 2, 4, 8, 16, 32])
            {
                (double most, double least, double value) = Choose(scores, DualPrices.Solve(scores, k, zeros(scores.shape[1]), sweeps), k);
                double excess = (value / optimum) - 1;
                table.AppendLine(CultureInfo.InvariantCulture, $"| {golden.Metadata["case." + number]} | {sweeps} | {most:f3} | {least:f3} | {excess:p2} |");
                double load = sweeps switch { 1 => 2.1, 2 => 1.5, 4 => 1.3, 8 => 1.15, _ => 1.04 };
                Assert.True(most <= load, $"case {number}, {sweeps} sweeps: largest load {most} times the mean");
                Assert.True(sweeps < 16 || Math.Abs(excess) < 0.003, $"case {number}, {sweeps} sweeps: value {excess:p3} from the optimum");
            }
        }

        output.WriteLine(table.ToString());
    }

    /// <summary>Measured, with a small margin: within 2 pairs of the mean load everywhere, which is 1.25 times it where an expert gets 8; value within 0.9 % of the optimum, 3.8 % there. Started from nothing: a batch of training starts from the prices of the one before, and comes closer.</summary>
    [Theory]
    [MemberData(nameof(Optimum))]
    public void The_default_sweeps_come_near_the_optimum_in_value_and_in_balance(string file)
    {
        using var scope = NewDisposeScope();
        foreach ((string number, Tensor scores, int k, double optimum) in Cases(Golden.Open("selectors", file)))
        {
            int sweeps = new BalancerOptions { Experts = (int)scores.shape[1], TopK = k }.Sweeps;

            (double most, double least, double value) = Choose(scores, DualPrices.Solve(scores, k, zeros(scores.shape[1]), sweeps), k);

            string what = string.Create(CultureInfo.InvariantCulture, $"case {number}: value {value / optimum:f5} of the optimum, loads {least:f3} to {most:f3} of the mean");
            output.WriteLine(what);
            bool coarse = scores.shape[0] * k / scores.shape[1] < 16;
            Assert.True(most <= (coarse ? 1.26 : 1.07), what);
            Assert.True(least >= (coarse ? 0.87 : 0.93), what);
            Assert.True(Math.Abs((value / optimum) - 1) <= (coarse ? 0.04 : 0.01), what);
        }
    }

    [Fact]
    public void Memory_and_torch_find_the_same_prices() => (
        from t in Gen.OneOf(Gen.Int[1, 40], Gen.Int[500, 700])
        from e in Gen.Int[2, 20]
        from k in Gen.Int[1, e]
        from seed in Gen.Int[0, 1000]
        from sweeps in Gen.Int[1, 6]
        select (t, e, k, seed, sweeps)).Sample(
        c =>
        {
            using var scope = NewDisposeScope();
            random.manual_seed(c.seed);
            Tensor scores = randn(c.t, c.e) + arange(c.e, ScalarType.Float32);
            Tensor start = randn(c.e);
            Tensor memory = DualPrices.Solve(scores, c.k, start, c.sweeps);
            Tensor torch = DualPrices.SolveWithTorch(scores, c.k, start, c.sweeps);
            Assert.True((memory - torch).abs().max().item<float>() < 1e-4, $"{c}: {memory} {torch}");
        },
        iter: 60, threads: 1);

    [Fact]
    public void Threads_do_not_change_the_prices()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        float[] scores = randn(1500, 40).data<float>().ToArray();
        float[] one = new float[40];
        float[] many = new float[40];

        DualPrices.Solve(scores, 1500, 40, 4, one, 4);
        DualPrices.Solve(scores, 1500, 40, 4, many, 4, threads: 3);

        Assert.Equal(one, many);
    }

    [Fact]
    public void Scores_without_a_finite_value_give_finite_prices()
    {
        using var scope = NewDisposeScope();
        Tensor scores = randn(600, 8);
        scores[TensorIndex.Slice(0, 300), TensorIndex.Slice(2, 8)] = float.NegativeInfinity;
        scores[5] = float.NaN;

        Assert.True(DualPrices.Solve(scores, 2, zeros(8), 4).isfinite().all().item<bool>());
        Assert.True(DualPrices.SolveWithTorch(scores, 2, zeros(8), 4).isfinite().all().item<bool>());
    }

    [Fact]
    public void Warm_prices_balance_every_batch_and_the_average_balances_what_was_not_seen()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using DualBalancer balancer = new(new BalancerOptions { Experts = 16, TopK = 2 });
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 16, TopK = 2 });
        Tensor skew = randn(16) * 2;
        double most = 0;
        for (int i = 0; i < 60; i++)
        {
            using var step = NewDisposeScope();
            skew.add_(randn(16) * 0.003);
            most = MostLoaded(selector.Assign(randn(1024, 16) + skew, balancer.ChoiceBias));
        }

        balancer.eval();
        Tensor held = randn(8192, 16) + skew;
        double plain = MostLoaded(selector.Assign(held));
        double priced = MostLoaded(selector.Assign(held, balancer.ChoiceBias));

        Assert.True(plain > 3, $"without prices {plain}");
        Assert.True(most < 1.05, $"in the last batch {most}");
        Assert.True(priced < 1.12, $"held out {priced}");

        static double MostLoaded(Assignment assignment)
        {
            Tensor load = ExpertLoad.Count(assignment.Experts, 16).to(ScalarType.Float64);
            return (load.max() / load.mean()).item<double>();
        }
    }

    [Theory]
    [InlineData(null, 0.25, new[] { 1, 1, 1, 1, 0.8, 2.0 / 3, 4.0 / 7, 0.5 })]
    [InlineData(null, 0.01, new[] { 1.0, 1, 1, 1, 1, 1, 1, 1 })]
    [InlineData(0.6, 0.01, new[] { 1, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4 })]
    public void The_average_looks_back_over_a_share_of_the_batches_unless_a_decay_is_given(double? decay, double share, double[] weights)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        using DualBalancer balancer = new(new BalancerOptions { Experts = 8, TopK = 2, AverageShare = share, Decay = decay });
        Tensor average = zeros(8);
        foreach (double weight in weights)
        {
            balancer.ChoiceBias(randn(64, 8) + arange(8, ScalarType.Float32));
            average = (average * (1 - weight)) + (balancer.Price * weight);
            Near.AssertClose(balancer.AveragePrice, average, 1e-5);
        }

        balancer.eval();
        Near.AssertClose(balancer.ChoiceBias(randn(4, 8))!, -average, 1e-5);
    }

    [Fact]
    public void Fewer_pairs_than_experts_change_no_price_and_are_chosen_by_the_average()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using DualBalancer balancer = new(new BalancerOptions { Experts = 8, TopK = 2 });
        balancer.train();
        balancer.ChoiceBias(randn(64, 8) + arange(8));
        Tensor price = balancer.Price.clone(), average = balancer.AveragePrice.clone();

        Tensor bias = balancer.ChoiceBias(randn(3, 8))!;

        Assert.True(average.abs().max().item<float>() > 0.1);
        Assert.True(bias.equal(-average).all().item<bool>());
        Assert.True(balancer.Price.equal(price).all().item<bool>());
        Assert.True(balancer.AveragePrice.equal(average).all().item<bool>());
    }

    [Fact]
    public void Without_a_warm_start_a_batch_is_priced_as_if_it_were_the_first()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        using DualBalancer balancer = new(new BalancerOptions { Experts = 8, TopK = 2, WarmStart = false, Sweeps = 2 });
        balancer.ChoiceBias(randn(64, 8) + arange(8, ScalarType.Float32));
        Tensor scores = randn(64, 8);

        Near.AssertClose(balancer.ChoiceBias(scores)!, -DualPrices.Solve(scores, 2, zeros(8), 2), 1e-6);
    }

    [Fact]
    public void In_scope_sequence_prefix_a_batch_does_not_see_its_own_prices()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using DualBalancer balancer = new(new BalancerOptions { Experts = 8, TopK = 2, Scope = BalanceScope.SequencePrefix });
        Tensor scores = randn(64, 8) + arange(8, ScalarType.Float32);

        Tensor first = balancer.ChoiceBias(scores)!;
        Tensor second = balancer.ChoiceBias(randn(64, 8))!;

        Assert.True(first.eq(0).all().item<bool>());
        Near.AssertClose(second, -DualPrices.Solve(scores, 2, zeros(8), 4), 1e-5);
    }

    [Fact]
    public void Padding_has_no_say_in_the_prices()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using DualBalancer padded = new(new BalancerOptions { Experts = 8, TopK = 2 });
        using DualBalancer plain = new(new BalancerOptions { Experts = 8, TopK = 2 });
        Tensor scores = randn(64, 8);

        Tensor with = padded.ChoiceBias(scores, new RoutingContext { TokenMask = arange(64).lt(50) })!;

        Near.AssertClose(with, plain.ChoiceBias(scores[..50])!, 1e-6);
        padded.ChoiceBias(scores, new RoutingContext { TokenMask = zeros(64, ScalarType.Bool) });
    }

    private static IEnumerable<(string Number, Tensor Scores, int K, double Optimum)> Cases(GoldenFile golden)
    {
        foreach (string name in golden.Names.Where(n => n.StartsWith("scores.", StringComparison.Ordinal)))
        {
            string number = name["scores.".Length..];
            Dictionary<string, double> fact = golden.Metadata["case." + number].Split(' ').Select(p => p.Split('=')).ToDictionary(p => p[0], p => double.Parse(p[1], CultureInfo.InvariantCulture));
            yield return (number, golden.Tensor(name), (int)fact["k"], fact["optimum"]);
        }
    }

    private static (double Most, double Least, double Value) Choose(Tensor scores, Tensor prices, int k)
    {
        Tensor experts = TopK.Indices(scores - prices, k);
        Tensor load = ExpertLoad.Count(experts, (int)scores.shape[1]).to(ScalarType.Float64);
        return ((load.max() / load.mean()).item<double>(), (load.min() / load.mean()).item<double>(), scores.gather(1, experts).to(ScalarType.Float64).sum().item<double>());
    }
}
