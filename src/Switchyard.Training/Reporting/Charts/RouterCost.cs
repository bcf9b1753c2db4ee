using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Time and parameters of each row's routers.</summary>
internal static class RouterCost
{
    public static ReportChart? Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => double.IsFinite(r.RouterMicrosecondsPerToken))];
        if (rows.Length == 0)
        {
            return null;
        }

        Csv csv = new("row", "router time (µs per token and layer)", "router parameters");
        foreach (CompareRow row in rows)
        {
            csv.Add([row.Name], [row.RouterMicrosecondsPerToken, row.RouterParameters]);
        }

        JsonArray names = Plot.Labels(rows.Select(r => r.Name));
        JsonObject time = Bars("router time", 1, names, rows.Select(r => r.RouterMicrosecondsPerToken), rows.Select(r => Figures.Significant(r.RouterMicrosecondsPerToken)), "%{x:.3f} µs per token and layer");
        JsonObject parameters = Bars("router parameters", 2, (JsonArray)names.DeepClone(), rows.Select(r => (double)r.RouterParameters), rows.Select(r => Figures.Short(r.RouterParameters)), "%{x:,} parameters");
        parameters["xaxis"] = "x2";
        parameters["yaxis"] = "y2";
        return new ReportChart
        {
            Id = "router-cost",
            Title = "What the router itself costs",
            Lead = Lead(rows),
            Views = [new ChartView([time, parameters])],
            Layout = new JsonObject
            {
                ["xaxis"] = BarAxis("time (µs per token and layer)", rows.Max(r => r.RouterMicrosecondsPerToken), [0, 0.48], "y"),
                ["xaxis2"] = BarAxis("parameters of all routers", rows.Max(r => r.RouterParameters), [0.54, 1], "y2"),
                ["yaxis"] = NameAxis("x", labels: true, [0, 1]),
                ["yaxis2"] = NameAxis("x2", labels: false, [0, 1]),
                ["bargap"] = 0.35,
            },
            Narrow = new JsonObject
            {
                ["xaxis"] = new JsonObject { ["domain"] = Plot.Numbers([0, 1]) },
                ["xaxis2"] = new JsonObject { ["domain"] = Plot.Numbers([0, 1]) },
                ["yaxis"] = new JsonObject { ["domain"] = Plot.Numbers([0.58, 1]) },
                ["yaxis2"] = new JsonObject { ["domain"] = Plot.Numbers([0, 0.42]), ["showticklabels"] = true },
                ["height"] = 160 + (rows.Length * 48),
            },
            Csv = csv.ToString(),
            Height = 80 + (rows.Length * 28),
        };
    }

    private static JsonObject Bars(string name, int color, JsonArray names, IEnumerable<double> values, IEnumerable<string> texts, string hover) => new()
    {
        ["type"] = "bar",
        ["orientation"] = "h",
        ["name"] = name,
        ["meta"] = new JsonObject { ["bar"] = color },
        ["y"] = names,
        ["x"] = Plot.Numbers(values),
        ["text"] = Plot.Labels(texts),
        ["textposition"] = "outside",
        ["cliponaxis"] = false,
        ["hovertemplate"] = "%{y}: " + hover + "<extra></extra>",
    };

    private static JsonObject BarAxis(string title, double greatest, double[] domain, string anchor)
    {
        JsonObject axis = Plot.Axis(title, 0, Math.Max(greatest, 1e-6) * 1.18);
        axis["domain"] = Plot.Numbers(domain);
        axis["anchor"] = anchor;
        return axis;
    }

    private static JsonObject NameAxis(string anchor, bool labels, double[] domain) => new()
    {
        ["type"] = "category",
        ["autorange"] = "reversed",
        ["showgrid"] = false,
        ["anchor"] = anchor,
        ["showticklabels"] = labels,
        ["domain"] = Plot.Numbers(domain),
        ["meta"] = "names",
    };

    private static Markup Lead(CompareRow[] rows)
    {
        CompareRow cheapest = rows.MinBy(r => r.RouterMicrosecondsPerToken)!;
        CompareRow dearest = rows.MaxBy(r => r.RouterMicrosecondsPerToken)!;
        Markup what = Markup.Of($"Router, selector and plan of one layer, in inference.");
        return ReferenceEquals(cheapest, dearest) || cheapest.RouterMicrosecondsPerToken <= 0
            ? Markup.Of($"{what} {Markup.Code(dearest.Name)} takes {Figures.Significant(dearest.RouterMicrosecondsPerToken)} µs a token.")
            : Markup.Of($"{what} {Markup.Code(cheapest.Name)} takes {Figures.Significant(cheapest.RouterMicrosecondsPerToken)} µs a token, {Markup.Code(dearest.Name)} {Figures.Significant(dearest.RouterMicrosecondsPerToken)} µs, {Figures.Times(dearest.RouterMicrosecondsPerToken / cheapest.RouterMicrosecondsPerToken)} as much.");
    }
}
