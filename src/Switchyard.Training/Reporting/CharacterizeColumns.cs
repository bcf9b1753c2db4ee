using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The columns of a characterisation, in the order they are read.</summary>
internal static class CharacterizeColumns
{
    public static IReadOnlyList<CompareColumn> Of(CharacterizedRows rows) => [.. Loss(rows), .. Balance(rows), .. Scores(rows), .. Latency(rows), .. Cost(rows)];

    private static IEnumerable<CompareColumn> Loss(CharacterizedRows rows)
    {
        double original = rows.Original?.Loss ?? double.NaN;
        string what = rows.Result.Masked ? "masked token" : "token";
        return
        [
            Column(rows, "loss", "loss", "nats", "Loss", Better.Lower, $"Loss on the judged text after the budget of fine-tuning, nats a {what}.", r => r.Loss, Nats) with { Main = true, Priority = 0 },
            Column(rows, "lossDifference", "Δ original", "nats", "Loss", Better.Neither, "Loss less that of the original.", r => r.Loss - original, v => Figures.Signed(v, 4)) with { Main = true, Short = "Δ", Priority = 8 },
            Column(rows, "perplexity", "perplexity", "", "Loss", Better.Lower, "exp(loss).", r => r.Perplexity, v => Figures.Fixed(v, v >= 100 ? 1 : 2)) with { Short = "ppl", Priority = 12 },
            Column(rows, "lossUntrained", "untrained", "nats", "Loss", Better.Lower, "Loss with the random weights that the routers were made with.", r => Put(r) ? r.LossUntrained : double.NaN, Nats) with { Main = true, Priority = 5 },
            Column(rows, "lossAtStart", "at start", "nats", "Loss", Better.Lower, "Loss where training began: after the routers were fitted to the old ones, if they were.", r => Put(r) ? r.LossAtStart : double.NaN, Nats) with { Short = "start", Priority = 10 },
        ];
    }

    private static IEnumerable<CompareColumn> Balance(CharacterizedRows rows) =>
    [
        Column(rows, "gini", "Gini", "", "Balance", Better.Lower, "Gini coefficient of the load, mean over layers: 0 is even, 1 is one expert for all.", r => r.Gini, Figures.Ratio) with { Main = true, Priority = 1 },
        Column(rows, "giniWorstLayer", "Gini, worst layer", "", "Balance", Better.Lower, "Gini coefficient of the least even layer.", r => r.GiniWorstLayer, Figures.Ratio) with { Short = "worst", Priority = 9 },
        Column(rows, "minMax", "min ÷ max", "", "Balance", Better.Higher, "Load of the least used expert over that of the most used, mean over layers.", r => r.MinMax, Figures.Ratio) with { Main = true, Short = "min÷max", Priority = 7 },
        Column(rows, "utilisation", "experts used", "share", "Balance", Better.Higher, "Share of the experts that are used at all.", r => r.Utilisation, Figures.Percent) with { Main = true, Short = "used", Priority = 6 },
        Column(rows, "loadEntropy", "load entropy", "÷ ln E", "Balance", Better.Higher, "Entropy of the load over its greatest value: 1 is even.", r => r.LoadEntropy, Figures.Ratio) with { Short = "l.entropy", Priority = 17 },
    ];

    private static IEnumerable<CompareColumn> Scores(CharacterizedRows rows) =>
    [
        Column(rows, "routingEntropy", "routing entropy", "nats", "Scores", Better.Neither, "Mean entropy of a token's softmax over the experts: how undecided the router is.", r => r.RoutingEntropy, v => Figures.Fixed(v, 3)) with { Main = true, Short = "r.entropy", Priority = 3 },
        Column(rows, "effectiveExperts", "effective experts", "of E", "Scores", Better.Neither, "exp(entropy) of a token's softmax, mean: how many equally likely experts would be as undecided.", r => r.Sparsity.EffectiveExperts, v => Figures.Fixed(v, 2)) with { Main = true, Short = "effective", Priority = 11 },
        Column(rows, "negligible", "negligible", "share", "Scores", Better.Neither, "Sparsity of the scores: share of the experts whose probability is below a tenth of the even share, 1/(10·E).", r => r.Sparsity.Negligible, Figures.Percent) with { Main = true, Priority = 13 },
        Column(rows, "hoyer", "Hoyer sparsity", "", "Scores", Better.Neither, "(√E − 1/‖p‖₂) ÷ (√E − 1) of a token's softmax p: 0 is even, 1 is one expert for all.", r => r.Sparsity.Hoyer, Figures.Ratio) with { Main = true, Short = "Hoyer", Priority = 4 },
        Column(rows, "agreement", "agreement", "share", "Scores", Better.Neither, "Of the experts that the original chose, the share that is chosen too, after fine-tuning.", r => r.Agreement, Figures.Percent) with { Main = true, Short = "agree", Priority = 14 },
        Column(rows, "agreementAtStart", "agreement at start", "share", "Scores", Better.Neither, "The same where training began.", r => r.AgreementAtStart, Figures.Percent) with { Short = "agree₀", Priority = 20 },
    ];

    private static IEnumerable<CompareColumn> Latency(CharacterizedRows rows)
    {
        IReadOnlyList<int> tokens = rows.Result.Config.LatencyTokens;
        foreach ((int i, int t) in tokens.Index())
        {
            bool end = i == 0 || i == tokens.Count - 1;
            yield return Column(rows, $"latency{t}", $"T = {Figures.Count(t)}", "µs/token", "Latency", Better.Lower, $"Time of router and selector of one layer for one token, {Figures.Count(t)} at once, in inference.", r => At(r, t)?.MicrosecondsPerToken ?? double.NaN, Figures.Significant) with { Main = end, Priority = end ? 3 : 15 };
        }

        int last = tokens[^1];
        yield return Column(rows, "latencyRatio", $"÷ linear, T = {Figures.Count(last)}", "", "Latency", Better.Lower, "Latency over that of a linear router timed in turn with it.", r => At(r, last)?.Ratio ?? double.NaN, Figures.Times) with { Main = true, Short = "÷ linear", Priority = 16 };
    }

    private static IEnumerable<CompareColumn> Cost(CharacterizedRows rows) =>
    [
        Column(rows, "layerRouterParameters", "params a layer", "", "Cost", Better.Lower, "Parameters of router and selector of one layer.", r => r.LayerRouterParameters, v => Figures.Short(v)) with { Short = "a layer", Priority = 18 },
        Column(rows, "routerParameters", "router params", "", "Cost", Better.Lower, "Parameters of all routers and selectors.", r => r.RouterParameters, v => Figures.Short(v)) with { Main = true, Short = "params", Priority = 2 },
        Column(rows, "secondsPerStep", "step", "s", "Cost", Better.Lower, "Time of a step of fine-tuning, median.", r => r.SecondsPerStep, Figures.Significant) with { Main = true, Short = "s/step", Priority = 9 },
        Column(rows, "seconds", "time", "s", "Cost", Better.Neither, "Wall time of the row.", r => r.Seconds, v => Figures.Fixed(v, v < 100 ? 1 : 0)) with { Priority = 19 },
    ];

    private static bool Put(CharacterizeRow row) => row.Name != CharacterizeRow.Original;

    private static RouterLatency? At(CharacterizeRow row, int tokens) => row.Latency.FirstOrDefault(l => l.Tokens == tokens);

    private static CompareColumn Column(CharacterizedRows rows, string key, string title, string unit, string group, Better better, string explanation, Func<CharacterizeRow, double> value, Func<double, string> format) =>
        new(key, title, unit, group, better, explanation, r => value(rows.Of(r)), format);

    private static string Nats(double value) => Figures.Fixed(value, 4);
}
