using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Time a token of each router by the number of tokens at once, both axes logarithmic.</summary>
internal static class LatencyLines
{
    public static ReportChart? Of(CharacterizedRows rows)
    {
        (CompareRow Compared, CharacterizeRow Row)[] timed = [.. rows.All.Where(r => r.Row.Latency.Count > 0)];
        if (timed.Length == 0)
        {
            return null;
        }

        JsonArray data = [];
        Csv csv = new("row", "tokens at once", "time (µs per token and layer)", "linear router beside it (µs per token and layer)", "ratio");
        foreach ((CompareRow compared, CharacterizeRow row) in timed)
        {
            JsonObject line = Plot.RowTrace(rows.Compared, compared, "lines+markers");
            line["x"] = Plot.Numbers(row.Latency.Select(l => (double)l.Tokens));
            line["y"] = Plot.Numbers(row.Latency.Select(l => l.MicrosecondsPerToken));
            line["hovertemplate"] = "%{x} at once: %{y:.3g} µs a token";
            data.Add(line);
            foreach (RouterLatency l in row.Latency)
            {
                csv.Add([row.Name], [l.Tokens, l.MicrosecondsPerToken, l.LinearMicrosecondsPerToken, l.Ratio]);
            }
        }

        return new ReportChart
        {
            Id = "latency",
            Title = "Latency",
            Lead = Lead([.. timed.Select(t => t.Row)]),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = [new ChartView(data)],
            Layout = new JsonObject { ["xaxis"] = Log("tokens at once, T"), ["yaxis"] = Log("time (µs per token and layer)") },
            Csv = csv.ToString(),
        };
    }

    private static JsonObject Log(string title)
    {
        JsonObject axis = Plot.Axis(title);
        axis["type"] = "log";
        axis["dtick"] = 1;
        return axis;
    }

    private static Markup Lead(CharacterizeRow[] rows)
    {
        CharacterizeRow slow = rows.MaxBy(r => r.Latency[^1].Ratio)!;
        return Markup.Of($"Router and selector of one layer in inference. From {Figures.Count(slow.Latency[0].Tokens)} token to {Figures.Count(slow.Latency[^1].Tokens)} at once a token of {Markup.Code(slow.Name)}, the slowest beside linear, goes from {Figures.Significant(slow.Latency[0].MicrosecondsPerToken)} to {Figures.Significant(slow.Latency[^1].MicrosecondsPerToken)} µs, {Figures.Times(slow.Latency[^1].Ratio)} the linear router’s.");
    }
}
