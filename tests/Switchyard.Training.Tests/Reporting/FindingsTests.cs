using Switchyard.Training.Reporting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Reporting;

public sealed class FindingsTests
{
    [Fact]
    public void The_words_follow_the_numbers()
    {
        CompareResult result = Of(
            Row("linear", "linear", "none", loss: 2.5, gini: 0.4, minMax: 0.05),
            Row("linear+dual", "linear", "dual", loss: 2.49, gini: 0.015, minMax: 0.9),
            Row("lpr", "lpr", "lpr", loss: 2.55, gini: 0.03, minMax: 0.7),
            Row("random", "random", "none", loss: 2.75, gini: 0.001, minMax: 0.99, parameters: 0));
        Assert.Equal("linear+dual has the lowest held-out loss, 2.4900 nats a token (perplexity 12.06), 0.0100 below linear, which comes second.", Text(result, "Lowest loss"));
        Assert.Equal("random spreads the load most evenly: Gini 0.001; its least used expert carries 0.990 of what the busiest does. Of the routers that learn it is linear+dual: Gini 0.015 and 0.900. linear without balancing: Gini 0.400 and 0.050.", Text(result, "Most even"));
        Assert.Equal("Held-out loss beside linear without balancing (2.5000), in nats a token, of the learned routers with Gini at or below 0.1: linear+dual −0.0100 and lpr +0.0500.", Text(result, "What balance costs"));
        Assert.Equal("lpr brings the Gini from 0.400 to 0.030 and loses 0.0500 nats a token.", Text(result, "Latent prototypes"));
        Assert.Equal("At Gini ≤ 0.02 and min ÷ max ≥ 0.85, and a loss no higher than that of linear: linear+dual.", Text(result, "Balance for free"));
        Assert.Equal("Routing at random costs 0.2600 nats a token beside the best row: that is what routing is worth here.", Text(result, "The floor"));
        Assert.Contains("One seed.", Text(result, "How sure"), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_is_free_it_says_so() =>
        Assert.StartsWith("No row reaches Gini ≤ 0.02", Text(Of(Row("linear", "linear", "none", 2.5, 0.4, 0.05), Row("lpr", "lpr", "lpr", 2.55, 0.03, 0.7)), "Balance for free"), StringComparison.Ordinal);

    [Fact]
    public void Without_a_baseline_no_price_is_claimed()
    {
        string[] labels = [.. Findings.Of(Of(Row("mlp", "mlp", "none", 2.5, 0.4, 0.05), Row("lpr", "lpr", "lpr", 2.55, 0.03, 0.7))).Select(f => f.Label)];
        Assert.Equal(["Lowest loss", "Most even", "How sure"], labels);
    }

    [Fact]
    public void A_difference_smaller_than_the_spread_of_the_seeds_is_called_that()
    {
        Dictionary<string, double> spread = new() { ["testLoss"] = 0.02 };
        CompareResult result = Of(Row("linear", "linear", "none", 2.50, 0.4, 0.05) with { Deviation = spread }, Row("linear+bias", "linear", "bias", 2.49, 0.03, 0.8) with { Deviation = spread });
        Assert.Contains("within the spread of the seeds", Text(result, "Lowest loss"), StringComparison.Ordinal);
    }

    [Fact]
    public void Trouble_is_told()
    {
        CompareResult result = Of(
            Row("linear", "linear", "none", 2.5, 0.4, 0) with { Utilisation = 0.75, DropRate = 0.05 },
            Row("mlp", "mlp", "none", double.NaN, double.NaN, double.NaN) with { SkippedSteps = 3 });
        Assert.Equal("Some experts never get a token of the held-out text: linear uses 75 %.", Text(result, "Idle experts"));
        Assert.Equal("Share of pairs beyond an expert's capacity: linear 5.0 %.", Text(result, "Dropped"));
        Assert.Equal("Without a finite held-out loss: mlp.", Text(result, "Diverged"));
        Assert.Equal("Steps left out because a loss or gradient was not finite: mlp 3.", Text(result, "Skipped steps"));
    }

    private static string Text(CompareResult result, string label) => Findings.Of(result).Single(f => f.Label == label).Text.ToPlainText();

    private static CompareResult Of(params CompareRow[] rows) => SampleResult.Make(rows: 1) with { Rows = rows };

    private static CompareRow Row(string name, string router, string balance, double loss, double gini, double minMax, long parameters = 100) => new()
    {
        Name = name,
        Router = router,
        Balance = balance,
        Selector = "softmax-topk",
        TestLoss = loss,
        Perplexity = Math.Exp(loss),
        Gini = gini,
        MinMax = minMax,
        Utilisation = 1,
        RouterParameters = parameters,
        Layers = [],
        History = [],
    };
}
