using System.Reflection;
using System.Text.Json;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Comparisons;

public sealed class SeedSummaryTests
{
    /// <summary>The capacity factor is a setting, the same for every seed.</summary>
    public static TheoryData<string> FigureNames => [.. Figures.Select(p => p.Name)];

    private static IEnumerable<PropertyInfo> Figures => typeof(CompareRow).GetProperties()
        .Where(p => (Nullable.GetUnderlyingType(p.PropertyType) ?? p.PropertyType) == typeof(double) && p.Name != nameof(CompareRow.CapacityFactor));

    [Theory]
    [MemberData(nameof(FigureNames))]
    public void A_figure_is_the_mean_over_seeds_with_the_sample_deviation_beside_it(string name)
    {
        PropertyInfo figure = Figures.Single(p => p.Name == name);
        CompareRow[] runs = [.. ((double[])[1, 2, 6]).Select(v => With(figure, v))];

        CompareRow summary = SeedSummary.Of(runs);

        // Deviations −2, −1, 3: their squares sum to 14, over two degrees of freedom.
        Assert.Equal(3, (double)figure.GetValue(summary)!, 1e-12);
        Assert.Equal(Math.Sqrt(7), summary.Deviation[JsonNamingPolicy.CamelCase.ConvertName(name)], 1e-12);
        Assert.Equal(1, (double)figure.GetValue(runs[0])!);
    }

    [Fact]
    public void One_run_is_its_own_summary_and_has_no_deviation()
    {
        CompareRow run = Row(2);

        Assert.Same(run, SeedSummary.Of([run]));
        Assert.Empty(run.Deviation);
    }

    [Fact]
    public void Equal_runs_deviate_by_nothing()
    {
        CompareRow summary = SeedSummary.Of([Row(1) with { TestLoss = 1.5 }, Row(2) with { TestLoss = 1.5 }]);

        Assert.Equal(1.5, summary.TestLoss);
        Assert.Equal(0, summary.Deviation["testLoss"]);
    }

    [Fact]
    public void Loads_and_history_are_those_of_the_first_seed_and_skipped_steps_add_up()
    {
        CompareRow[] runs = [Row(2), Row(3)];

        CompareRow summary = SeedSummary.Of(runs);

        Assert.Same(runs[0].Layers, summary.Layers);
        Assert.Same(runs[0].History, summary.History);
        Assert.Equal("linear", summary.Name);
        Assert.Equal(5, summary.SkippedSteps);
    }

    [Fact]
    public void What_was_not_measured_stays_unknown() =>
        Assert.Null(SeedSummary.Of([Row(1), Row(2)]).TestLossPerByte);

    [Fact]
    public void No_run_has_no_summary() =>
        Assert.Throws<ArgumentException>(() => SeedSummary.Of([]));

    private static CompareRow Row(int skipped) => new() { Name = "linear", Router = "linear", Selector = "softmax-topk", Balance = "none", SkippedSteps = skipped, Layers = [], History = [] };

    private static CompareRow With(PropertyInfo figure, double value)
    {
        CompareRow row = Row(0);
        figure.SetValue(row, value);
        return row;
    }
}
