using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Held-out loss against Gini: one point a row.</summary>
internal static class TradeOff
{
    public static ReportChart? Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => double.IsFinite(r.Gini) && double.IsFinite(r.TestLoss))];
        if (rows.Length < 2)
        {
            return null;
        }

        CompareRow[] front = [.. Front(rows).OrderBy(r => r.Gini)];
        JsonArray data = [FrontLine(front), .. rows.Select(r => Point(result, r))];
        Csv csv = new("row", "Gini", "Gini deviation", "held-out loss (nats/token)", "held-out loss deviation");
        foreach (CompareRow row in rows)
        {
            csv.Add([row.Name], [row.Gini, Deviation(row, "gini"), row.TestLoss, Deviation(row, "testLoss")]);
        }

        (double low, double high) = Plot.Padded(rows.SelectMany(r => Ends(r.TestLoss, Deviation(r, "testLoss"))));
        (_, double right) = Plot.Padded(rows.SelectMany(r => Ends(r.Gini, Deviation(r, "gini"))).Append(0));
        JsonObject layout = new()
        {
            ["xaxis"] = Plot.Axis("Gini of the load (0 even)", -0.03 * right, right * 1.08),
            ["yaxis"] = Plot.Axis("held-out loss (nats per token)", low - (0.05 * (high - low)), high + (0.05 * (high - low))),
            ["meta"] = new JsonObject { ["fit"] = "all" },
        };
        if (Baseline.Of(result) is { } baseline)
        {
            layout["meta"]!["levelY"] = Plot.Number(baseline.TestLoss);
            layout["meta"]!["levelLabel"] = Plot.Label($"loss of {baseline.Name}");
        }

        return new ReportChart
        {
            Id = "trade-off",
            Title = "Loss against balance",
            Lead = Markup.Of($"Left is more even, down is better. {Front(front, rows.Length)}{Bars(rows)}"),
            Legend = ChartLegend.Rows,
            Height = 480,
            Views = [new ChartView(data)],
            Layout = layout,
            Csv = csv.ToString(),
        };
    }

    /// <summary>The rows that no other row beats in both loss and Gini.</summary>
    internal static IEnumerable<CompareRow> Front(IReadOnlyList<CompareRow> rows) =>
        rows.Where(r => !rows.Any(o => o.TestLoss <= r.TestLoss && o.Gini <= r.Gini && (o.TestLoss < r.TestLoss || o.Gini < r.Gini)));

    private static Markup Front(CompareRow[] front, int all) => front.Length == all
        ? Markup.Of($"No row is beaten by another in both: each trades loss for balance.")
        : Markup.Of($"On the dotted line, beaten by no row in both at once: {Markup.List([.. front.Select(r => Markup.Code(r.Name))])}.");

    private static Markup Bars(CompareRow[] rows) =>
        rows.Any(r => r.Deviation.ContainsKey("testLoss")) ? Markup.Of($" Bars: standard deviation over seeds.") : Markup.Empty;

    private static JsonObject FrontLine(CompareRow[] front) => new()
    {
        ["type"] = "scatter",
        ["mode"] = "lines",
        ["name"] = "not beaten in both",
        ["meta"] = new JsonObject { ["role"] = "front" },
        ["x"] = Plot.Numbers(front.Select(r => r.Gini)),
        ["y"] = Plot.Numbers(front.Select(r => r.TestLoss)),
        ["hoverinfo"] = "skip",
    };

    private static JsonObject Point(CompareResult result, CompareRow row)
    {
        JsonObject trace = Plot.RowTrace(result, row, "markers+text");
        trace["x"] = Plot.Numbers([row.Gini]);
        trace["y"] = Plot.Numbers([row.TestLoss]);
        trace["marker"]!["size"] = 11;
        trace["text"] = Plot.Labels([row.Name]);
        trace["hovertemplate"] = "Gini %{x:.3f}, loss %{y:.4f}";
        AddBar(trace, "error_x", Deviation(row, "gini"));
        AddBar(trace, "error_y", Deviation(row, "testLoss"));
        return trace;
    }

    private static void AddBar(JsonObject trace, string name, double deviation)
    {
        if (double.IsFinite(deviation))
        {
            trace[name] = new JsonObject { ["type"] = "data", ["array"] = Plot.Numbers([deviation]) };
        }
    }

    private static double Deviation(CompareRow row, string key) => row.Deviation.TryGetValue(key, out double deviation) ? deviation : double.NaN;

    private static double[] Ends(double value, double deviation) => double.IsFinite(deviation) ? [value - deviation, value + deviation] : [value];
}
