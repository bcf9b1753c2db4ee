using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The columns of a comparison, in the order they are read.</summary>
internal static class CompareColumns
{
    public static IReadOnlyList<CompareColumn> Of(CompareResult result)
    {
        CompareRow? baseline = Baseline.Of(result);
        List<CompareColumn> columns = [.. Loss(baseline), .. Balance(), .. Routing(), .. Cost()];
        IReadOnlyList<CompareColumn> shown = [.. columns.Where(c => c.Key != PerByteKey || result.Rows.Any(r => r.TestLossPerByte is { } loss && loss != r.TestLoss))];
        return baseline is null || result.Rows.Count < 2 ? [.. shown.Where(c => c.Key != DifferenceKey)] : shown;
    }

    private const string DifferenceKey = "lossDifference";
    private const string PerByteKey = "testLossPerByte";

    private static IEnumerable<CompareColumn> Loss(CompareRow? baseline) =>
    [
        new("testLoss", "test loss", "nats", "Loss", Better.Lower, "Held-out loss in nats a token.", r => r.TestLoss, Loss) { Main = true, Short = "loss", Priority = 0 },
        new(PerByteKey, "loss a byte", "nats/byte", "Loss", Better.Lower, "Held-out loss in nats a UTF-8 byte: compares models of different vocabularies.", r => r.TestLossPerByte ?? double.NaN, Loss) { Main = true, Short = "a byte", Priority = 3 },
        new(DifferenceKey, "Δ linear", "nats", "Loss", Better.Neither, "Held-out loss less that of the linear router without balancing: what the row costs, or saves.", r => Baseline.LossDifference(r, baseline), v => Figures.Signed(v, 4)) { Main = true, Priority = 3 },
        new("perplexity", "perplexity", "", "Loss", Better.Lower, "exp(test loss).", r => r.Perplexity, v => Figures.Fixed(v, v >= 100 ? 1 : 2)) { Short = "ppl", Priority = 9 },
        new("trainLoss", "train loss", "nats", "Loss", Better.Lower, "Training loss in nats a token, mean over the last tenth of the steps.", r => r.TrainLoss, Loss) { Short = "train", Priority = 10 },
    ];

    private static IEnumerable<CompareColumn> Balance() =>
    [
        new("gini", "Gini", "", "Balance", Better.Lower, "Gini coefficient of the load on held-out text, mean over layers: 0 is even, 1 is one expert for all.", r => r.Gini, Figures.Ratio) { Main = true, Priority = 1 },
        new("giniWorstLayer", "Gini, worst layer", "", "Balance", Better.Lower, "Gini coefficient of the least even layer.", r => r.GiniWorstLayer, Figures.Ratio) { Main = true, Short = "worst", Priority = 7 },
        new("giniPerBatch", "Gini per batch", "", "Balance", Better.Lower, "Mean over held-out batches of the batch's own Gini: what a machine waits for.", r => r.GiniPerBatch, Figures.Ratio) { Main = true, Short = "batch", Priority = 6 },
        new("minMax", "min ÷ max", "", "Balance", Better.Higher, "Load of the least used expert over that of the most used, mean over layers.", r => r.MinMax, Figures.Ratio) { Main = true, Short = "min÷max", Priority = 2 },
        new("cv", "CV", "", "Balance", Better.Lower, "Coefficient of variation of the load: deviation over mean.", r => r.Cv, Figures.Ratio) { Priority = 13 },
        new("maxVio", "MaxVio", "", "Balance", Better.Lower, "Load of the busiest expert over the mean, less 1.", r => r.MaxVio, Figures.Ratio) { Priority = 8 },
        new("loadEntropy", "load entropy", "÷ ln E", "Balance", Better.Higher, "Entropy of the load over its greatest value: 1 is even.", r => r.LoadEntropy, Figures.Ratio) { Short = "entropy", Priority = 15 },
        new("utilisation", "experts used", "share", "Balance", Better.Higher, "Share of the experts that are used at all.", r => r.Utilisation, Figures.Percent) { Short = "used", Priority = 12 },
        new("dropRate", "dropped", "share", "Balance", Better.Lower, "Dropped pairs over pairs.", r => r.DropRate, Figures.Percent) { Priority = 14 },
    ];

    private static IEnumerable<CompareColumn> Routing() =>
    [
        new("routingEntropy", "routing entropy", "nats", "Routing", Better.Neither, "Mean entropy of a token's softmax over the experts: how undecided the router is.", r => r.RoutingEntropy, v => Figures.Fixed(v, 3)) { Short = "r.entropy", Priority = 16 },
        new("specialisation", "specialisation", "÷ H(domain)", "Routing", Better.Neither, "Mutual information of domain and expert over the entropy of the domain.", r => r.Specialisation, Figures.Ratio) { Short = "special.", Priority = 11 },
    ];

    private static IEnumerable<CompareColumn> Cost() =>
    [
        new("routerMicrosecondsPerToken", "router time", "µs/token", "Cost", Better.Lower, "Time of router, selector and plan for one token of one layer, in inference.", r => r.RouterMicrosecondsPerToken, Figures.Significant) { Main = true, Short = "router", Priority = 5 },
        new("tokensPerSecond", "training speed", "tokens/s", "Cost", Better.Higher, "Tokens trained on in a second.", r => r.TokensPerSecond, Figures.Count) { Main = true, Short = "speed", Priority = 4 },
        new("routerParameters", "router params", "", "Cost", Better.Neither, "Parameters of all routers.", r => r.RouterParameters, v => Figures.Short(v)) { Main = true, Short = "r.params", Priority = 11 },
        new("activeParameters", "active params", "", "Cost", Better.Neither, "Parameters that one token uses.", r => r.ActiveParameters, v => Figures.Short(v)) { Short = "active", Priority = 18 },
        new("totalParameters", "total params", "", "Cost", Better.Neither, "Parameters of the model.", r => r.TotalParameters, v => Figures.Short(v)) { Short = "params", Priority = 19 },
        new("steps", "steps", "", "Cost", Better.Neither, "Steps done.", r => r.Steps, Figures.Count) { Priority = 20 },
        new("tokens", "tokens", "", "Cost", Better.Neither, "Tokens trained on.", r => r.Tokens, v => Figures.Short(v)) { Priority = 21 },
        new("skippedSteps", "skipped steps", "", "Cost", Better.Neither, "Steps skipped because of a loss or gradient that was not finite.", r => r.SkippedSteps, Figures.Count) { Short = "skipped", Priority = 22 },
        new("seconds", "time", "s", "Cost", Better.Neither, "Wall time of the row.", r => r.Seconds, v => Figures.Fixed(v, v < 100 ? 1 : 0)) { Priority = 17 },
    ];

    private static string Loss(double value) => Figures.Fixed(value, 4);
}
