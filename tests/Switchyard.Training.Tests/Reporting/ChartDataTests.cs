using CsCheck;
using Switchyard.Training.Reporting.Charts;
using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Reporting;

public sealed class ChartDataTests
{
    [Fact]
    public void Twice_the_area_between_lorenz_curve_and_diagonal_is_the_gini_of_the_table() =>
        Gen.Long[0, 1000].Array[2, 40].Array[1, 4].Where(layers => layers.All(l => l.Length == layers[0].Length && l.Sum() > 0)).Sample(layers =>
        {
            CompareRow row = SampleResult.Make(rows: 1).Rows[0] with { Layers = [.. layers.Select(load => new LayerResult { Load = load, SoftLoad = [], DomainLoad = [] })] };
            double[] curve = LorenzCurves.Curve(row);
            Assert.Equal(0, curve[0]);
            Assert.Equal(1, curve[^1], 12);
            double area = Enumerable.Range(1, curve.Length - 1).Sum(i => (curve[i] + curve[i - 1]) / 2 / (curve.Length - 1));
            Assert.Equal(layers.Average(Gini), 1 - (2 * area), 9);
        }, iter: 100, threads: 1);

    [Fact]
    public void The_front_is_beaten_by_nobody_and_beats_everybody_else() =>
        Gen.Select(Gen.Double[0, 1], Gen.Double[1, 3]).Array[1, 20].Sample(points =>
        {
            CompareRow row = SampleResult.Make(rows: 1).Rows[0];
            CompareRow[] rows = [.. points.Select(p => row with { Gini = p.Item1, TestLoss = p.Item2 })];
            CompareRow[] front = [.. TradeOff.Front(rows)];
            Assert.NotEmpty(front);
            Assert.All(front, f => Assert.DoesNotContain(rows, o => o.Gini < f.Gini && o.TestLoss < f.TestLoss));
            Assert.All(rows.Except(front), r => Assert.Contains(front, f => f.Gini <= r.Gini && f.TestLoss <= r.TestLoss));
        }, iter: 50, threads: 1);

    [Fact]
    public void Long_histories_are_thinned_by_means()
    {
        int[][] bins = [.. Binned.Of([.. Enumerable.Range(0, 1001)], 200)];
        Assert.True(bins.Length <= 200);
        Assert.Equal(Enumerable.Range(0, 1001), bins.SelectMany(b => b));
        Assert.Equal(2, Binned.Mean([1, double.NaN, 3]));
        Assert.True(double.IsNaN(Binned.Mean([double.NaN])));
    }

    [Theory]
    [InlineData(1.23456789, "1.2346")]
    [InlineData(0.000123456789, "0.00012346")]
    [InlineData(123456.789, "123456.789")]
    [InlineData(0.0, "0")]
    [InlineData(-2.0, "-2")]
    public void Numbers_of_figures_are_short(double value, string json) => Assert.Equal(json, Plot.Number(value)!.ToJsonString());

    [Fact]
    public void Numbers_that_json_cannot_say_are_null() => Assert.Equal("[null,null,null]", Plot.Numbers([double.NaN, double.PositiveInfinity, double.NegativeInfinity]).ToJsonString());

    private static double Gini(long[] load)
    {
        long[] sorted = [.. load.Order()];
        return sorted.Select((n, i) => ((2.0 * (i + 1)) - sorted.Length - 1) * n).Sum() / (sorted.Length * (double)sorted.Sum());
    }
}
