using CsCheck;
using Switchyard.Metrics;

namespace Switchyard.Tests.Metrics;

public sealed class LoadMetricsTests
{
    private static readonly Gen<long[]> Loads = Gen.Long[0, 100_000].Array[1, 40];

    [Fact]
    public void Gini_is_half_the_mean_difference_of_all_pairs_over_the_mean() => Loads.Sample(load =>
    {
        double difference = load.Sum(a => load.Sum(b => Math.Abs((double)a - b)));
        double expected = load.Sum() == 0 ? 0 : difference / (2.0 * load.Length * load.Sum());
        Assert.Equal(expected, LoadMetrics.Gini(load), 1e-12);
    });

    [Fact]
    public void Gini_follows_the_sum_over_ascending_ranks() => Loads.Sample(load =>
    {
        long[] n = [.. load.Order()];
        double sum = 0;
        for (int i = 1; i <= n.Length; i++)
        {
            sum += ((2.0 * i) - n.Length - 1) * n[i - 1];
        }

        Assert.Equal(n.Sum() == 0 ? 0 : sum / ((double)n.Length * n.Sum()), LoadMetrics.Gini(load), 1e-12);
    });

    [Fact]
    public void Deviation_and_entropy_follow_their_definitions() => Loads.Sample(load =>
    {
        double mean = load.Average();
        if (mean > 0)
        {
            Assert.Equal(Math.Sqrt(load.Average(n => (n - mean) * (n - mean))) / mean, LoadMetrics.Cv(load), 1e-12);
            Assert.Equal((load.Max() / mean) - 1, LoadMetrics.MaxVio(load), 1e-9);
            double entropy = -load.Where(n => n > 0).Select(n => n / (double)load.Sum()).Sum(q => q * Math.Log(q));
            Assert.Equal(load.Length == 1 ? 1 : entropy / Math.Log(load.Length), LoadMetrics.LoadEntropy(load), 1e-12);
        }
    });

    [Fact]
    public void Every_measure_stays_in_its_range() => Loads.Sample(load =>
    {
        int experts = load.Length;
        LoadStatistics s = LoadStatistics.Of(load, devices: 4);
        Assert.InRange(s.Gini, 0, (experts - 1.0) / experts);
        Assert.InRange(s.MinMax, 0, 1);
        Assert.InRange(s.Cv, 0, Math.Sqrt(experts - 1) + 1e-9);
        Assert.InRange(s.MaxVio, 0, experts - 1);
        Assert.InRange(s.LoadEntropy, 0, 1);
        Assert.InRange(s.Utilisation, 0, 1);
        Assert.InRange(s.ImbalanceCost, 1, 4);
    });

    [Fact]
    public void An_even_load_is_even_by_every_measure() => Gen.Select(Gen.Int[1, 300], Gen.Long[1, 1L << 55]).Sample((experts, n) =>
    {
        long[] load = [.. Enumerable.Repeat(n, experts)];
        Assert.Equal(Even(devices: 1), LoadStatistics.Of(load, devices: 1) with { LoadEntropy = Rounded(LoadMetrics.LoadEntropy(load)) });
        Assert.Equal(0, LoadMetrics.Gini(load.Select(v => v * 0.1).ToArray()));
    });

    [Fact]
    public void A_single_used_expert_is_the_worst_by_every_measure() => Gen.Select(Gen.Int[2, 300], Gen.Long[1, 1L << 60]).Sample((experts, n) =>
    {
        long[] load = new long[experts];
        load[n % experts] = n;
        Assert.Equal((experts - 1.0) / experts, LoadMetrics.Gini(load), 1e-15);
        Assert.Equal(0, LoadMetrics.MinMax(load));
        Assert.Equal(Math.Sqrt(experts - 1), LoadMetrics.Cv(load), 1e-9);
        Assert.Equal(experts - 1, LoadMetrics.MaxVio(load), 1e-9);
        Assert.Equal(0, LoadMetrics.LoadEntropy(load));
        Assert.Equal(1.0 / experts, LoadMetrics.Utilisation(load));
        Assert.Equal(7, LoadMetrics.ImbalanceCost(load, 7), 1e-12);
    });

    [Fact]
    public void No_measure_changes_with_the_scale_of_the_load() => Gen.Select(Loads, Gen.Long[2, 1000]).Sample((load, factor) =>
        AssertSame(LoadStatistics.Of(load), LoadStatistics.Of(load.Select(n => n * factor).ToArray())));

    [Fact]
    public void No_measure_but_the_imbalance_cost_depends_on_the_order_of_experts() => Gen.Select(Loads, Gen.Int[0, int.MaxValue]).Sample((load, seed) =>
    {
        long[] shuffled = [.. load];
        new Random(seed).Shuffle(shuffled);
        AssertSame(LoadStatistics.Of(load, 1), LoadStatistics.Of(shuffled, 1));
    });

    [Fact]
    public void Counts_and_the_same_numbers_as_doubles_agree() => Loads.Sample(load =>
        AssertSame(LoadStatistics.Of(load, 3), LoadStatistics.Of(load.Select(n => (double)n).ToArray(), 3)));

    [Fact]
    public void A_load_of_nothing_deviates_from_nothing_and_uses_nothing()
    {
        LoadStatistics expected = new() { Devices = 8, ImbalanceCost = 1 };
        Assert.Equal(expected, LoadStatistics.Of(new long[5]));
        Assert.Equal(expected, LoadStatistics.Of(new double[5]));
    }

    [Fact]
    public void The_example_of_the_documentation_holds()
    {
        LoadStatistics s = LoadStatistics.Of([100L, 60, 40, 0], devices: 2);
        Assert.Equal((0.4, 0, 0.721, 1), (Math.Round(s.Gini, 12), s.MinMax, Math.Round(s.Cv, 3), s.MaxVio));
        Assert.Equal((0.743, 0.75, 1.6), (Math.Round(s.LoadEntropy, 3), s.Utilisation, s.ImbalanceCost));
    }

    [Fact]
    public void One_expert_is_even() => Assert.Equal(Even(devices: 1), LoadStatistics.Of([7L], devices: 1));

    [Theory]
    [InlineData(2, 12.0 * 2 / 15)]
    [InlineData(3, 9.0 * 3 / 15)]
    [InlineData(4, 9.0 * 4 / 15)]
    [InlineData(5, 5.0 * 5 / 15)]
    [InlineData(10, 5.0 * 10 / 15)]
    public void Devices_hold_contiguous_blocks_and_the_first_ones_hold_what_is_left_over(int devices, double expected)
    {
        // Blocks of 5 experts: 3+2, 2+2+1, 2+1+1+1, 1 each.
        long[] load = [5, 4, 3, 2, 1];
        Assert.Equal(expected, LoadMetrics.ImbalanceCost(load, devices), 1e-12);
    }

    [Fact]
    public void Loads_of_the_largest_numbers_do_not_overflow()
    {
        long[] load = [long.MaxValue, long.MaxValue, 0, 0];
        Assert.Equal(0.5, LoadMetrics.Gini(load), 1e-15);
        Assert.Equal(1, LoadMetrics.MaxVio(load), 1e-15);
        Assert.Equal(1, LoadMetrics.Cv(load), 1e-15);
    }

    [Fact]
    public void Loads_without_experts_negative_loads_and_no_devices_are_refused()
    {
        Assert.Throws<ArgumentException>(() => LoadMetrics.Gini(ReadOnlySpan<long>.Empty));
        Assert.Throws<ArgumentException>(() => LoadMetrics.MinMax(ReadOnlySpan<double>.Empty));
        Assert.Throws<ArgumentException>(() => LoadMetrics.Cv([1L, -1L]));
        Assert.Throws<ArgumentOutOfRangeException>(() => LoadMetrics.ImbalanceCost([1L], 0));
    }

    private static LoadStatistics Even(int devices) =>
        new() { MinMax = 1, LoadEntropy = 1, Utilisation = 1, Devices = devices, ImbalanceCost = 1 };

    private static double Rounded(double value) => Math.Round(value, 12);

    private static void AssertSame(LoadStatistics a, LoadStatistics b)
    {
        Assert.Equal(a.Gini, b.Gini, 1e-12);
        Assert.Equal(a.MinMax, b.MinMax, 1e-12);
        Assert.Equal(a.Cv, b.Cv, 1e-9);
        Assert.Equal(a.MaxVio, b.MaxVio, 1e-9);
        Assert.Equal(a.LoadEntropy, b.LoadEntropy, 1e-12);
        Assert.Equal(a.Utilisation, b.Utilisation);
        Assert.Equal(a.ImbalanceCost, b.ImbalanceCost, 1e-9);
    }
}
