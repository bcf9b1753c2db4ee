using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Held-out load, layer × expert, one small map a row above one another.</summary>
internal static class LoadMaps
{
    private const int TitleHeight = 26;
    private const int Bottom = 48;

    public static ReportChart? Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => r.Layers.Any(l => l.Load.Count > 0))];
        if (rows.Length == 0)
        {
            return null;
        }

        int[] heights = [.. rows.Select(r => Math.Max(18, r.Layers.Count * Math.Clamp(96 / Math.Max(1, r.Layers.Count), 5, 16)))];
        int inner = heights.Sum() + (rows.Length * TitleHeight);
        JsonArray data = [];
        JsonArray titles = [];
        JsonObject layout = new() { ["margin"] = new JsonObject { ["t"] = 4, ["b"] = Bottom } };
        int top = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            string number = i == 0 ? string.Empty : (i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            top += TitleHeight;
            layout["yaxis" + number] = LayerAxis(1 - ((top + heights[i]) / (double)inner), 1 - (top / (double)inner), number);
            layout["xaxis" + number] = ExpertAxis(number, last: i == rows.Length - 1);
            titles.Add(Title(rows[i], 1 - (top / (double)inner)));
            data.Add(Map(rows[i], number));
            top += heights[i];
        }

        layout["annotations"] = titles;
        return new ReportChart
        {
            Id = "load",
            Title = "Load of each expert",
            Lead = Lead(rows),
            Legend = ChartLegend.Load,
            Views = [new ChartView(data)],
            Layout = layout,
            Csv = Text(rows),
            Height = inner + Bottom + 4,
        };
    }

    private static JsonObject LayerAxis(double low, double high, string number)
    {
        JsonObject axis = new() { ["type"] = "category", ["domain"] = Plot.Numbers([low, high]), ["anchor"] = "x" + number, ["autorange"] = "reversed", ["showgrid"] = false, ["ticks"] = string.Empty };
        return axis;
    }

    private static JsonObject ExpertAxis(string number, bool last)
    {
        JsonObject axis = last ? Plot.Axis("expert") : [];
        axis["anchor"] = "y" + number;
        axis["showgrid"] = false;
        axis["showticklabels"] = last;
        axis["ticks"] = string.Empty;
        if (number.Length > 0)
        {
            axis["matches"] = "x";
        }

        return axis;
    }

    private static JsonObject Title(CompareRow row, double y) => new()
    {
        ["text"] = $"<b>{Plot.Label(row.Name)}</b>  Gini {Figures.Ratio(row.Gini)}, min ÷ max {Figures.Ratio(row.MinMax)}",
        ["xref"] = "paper",
        ["yref"] = "paper",
        ["x"] = 0,
        ["y"] = Plot.Number(y),
        ["xanchor"] = "left",
        ["yanchor"] = "bottom",
        ["align"] = "left",
        ["showarrow"] = false,
    };

    private static JsonObject Map(CompareRow row, string number)
    {
        int experts = row.Layers.Max(l => l.Load.Count);
        JsonObject map = Plot.HeatMap(
            "load",
            Plot.Numbers(Enumerable.Range(0, experts).Select(e => (double)e)),
            Plot.Labels(row.Layers.Select(l => $"layer {l.Layer}")),
            row.Layers.Select(l => (IReadOnlyList<double>)Plot.OverEven(l.Load)),
            Plot.LoadCeiling,
            "%{y}, expert %{x}: %{z:.2f} × the even share");
        map["xaxis"] = "x" + number;
        map["yaxis"] = "y" + number;
        map["xgap"] = experts <= 64 ? 1 : 0;
        map["ygap"] = 1;
        return map;
    }

    private static string Text(CompareRow[] rows)
    {
        int experts = rows.Max(r => r.Layers.Max(l => l.Load.Count));
        Csv csv = new(["row", "layer", .. Enumerable.Range(0, experts).Select(e => $"expert {e} (pairs)")]);
        foreach (CompareRow row in rows)
        {
            foreach (LayerResult layer in row.Layers)
            {
                csv.Add([row.Name], [layer.Layer, .. layer.Load.Select(n => (double)n)]);
            }
        }

        return csv.ToString();
    }

    private static Markup Lead(CompareRow[] rows)
    {
        (CompareRow Row, int Layer, int Expert, double Times)[] all =
        [
            .. rows.SelectMany(r => r.Layers.SelectMany(l => Plot.OverEven(l.Load).Select((t, e) => (r, l.Layer, e, t)))).Where(t => double.IsFinite(t.t)),
        ];
        Markup what = Markup.Of($"Pairs sent to each expert, over the even share: grey is even, blue too little, orange too much.");
        if (all.Length == 0)
        {
            return what;
        }

        (CompareRow Row, int Layer, int Expert, double Times) busiest = all.MaxBy(t => t.Times);
        int idle = all.Count(t => t.Times == 0);
        Markup none = idle == 0 ? Markup.Of($"No expert is idle.") : Markup.Of($"Idle experts in all: {idle}.");
        return Markup.Of($"{what} The busiest is expert {busiest.Expert} of layer {busiest.Layer} in {Markup.Code(busiest.Row.Name)}, at {Figures.Times(busiest.Times)} its share. {none}");
    }
}
