using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Gini of the load by step, mean over layers.</summary>
internal static class GiniCurves
{
    private const int MostPoints = 200;
    private const double Even = 0.1;

    public static ReportChart? Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => r.History.Any(p => p.Gini.Count > 0))];
        if (rows.Length == 0)
        {
            return null;
        }

        JsonArray data = [];
        Csv csv = new("row", "step", "Gini, mean over layers", "Gini, worst layer");
        double highest = 0.05;
        foreach (CompareRow row in rows)
        {
            HistoryPoint[] points = [.. row.History.Where(p => p.Gini.Count > 0)];
            foreach (HistoryPoint p in points)
            {
                csv.Add([row.Name], [p.Step, Binned.Mean(p.Gini), p.Gini.Max()]);
            }

            IReadOnlyList<HistoryPoint[]> bins = Binned.Of(points, MostPoints);
            double[] gini = [.. bins.Select(b => Binned.Mean(b.Select(p => Binned.Mean(p.Gini))))];
            highest = Math.Max(highest, gini.Where(double.IsFinite).DefaultIfEmpty(0).Max());
            JsonObject trace = Plot.RowTrace(result, row, "lines");
            trace["x"] = Plot.Numbers(bins.Select(b => (double)b[^1].Step));
            trace["y"] = Plot.Numbers(gini);
            trace["hovertemplate"] = "step %{x}: Gini %{y:.3f}";
            data.Add(trace);
        }

        return new ReportChart
        {
            Id = "gini",
            Title = "Balance while training",
            Lead = Lead(rows),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = [new ChartView(data)],
            Layout = new JsonObject { ["xaxis"] = Plot.Axis("step"), ["yaxis"] = Plot.Axis("Gini of the load (0 is even)", 0, Math.Min(1, highest * 1.06)), ["meta"] = new JsonObject { ["fit"] = "top" } },
            Csv = csv.ToString(),
        };
    }

    private static Markup Lead(CompareRow[] rows)
    {
        (CompareRow Row, int Step)[] settled = [.. rows.Select(r => (r, SettledFrom(r))).Where(s => s.Item2 >= 0).OrderBy(s => s.Item2)];
        Markup uneven = Markup.List([.. rows.Where(r => SettledFrom(r) < 0).Select(r => Markup.Code(r.Name))], 6);
        Markup what = Markup.Of($"Gini of the training load between two log steps, mean over layers.");
        if (settled.Length == 0)
        {
            return Markup.Of($"{what} No row settles below {Even}.");
        }

        Markup first = Markup.List([.. settled.Select(s => Markup.Of($"{Markup.Code(s.Row.Name)} from step {s.Step} on"))], 4);
        Markup rest = uneven.Html.Length == 0 ? Markup.Of($" every row does.") : Markup.Of($" above it at the end: {uneven}.");
        return Markup.Of($"{what} Settled below {Even}: {first};{rest}");
    }

    /// <summary>The first step from which the Gini stays below the mark, or −1.</summary>
    private static int SettledFrom(CompareRow row)
    {
        int from = -1;
        foreach (HistoryPoint p in row.History.Where(p => p.Gini.Count > 0))
        {
            bool below = Binned.Mean(p.Gini) < Even;
            from = !below ? -1 : from < 0 ? p.Step : from;
        }

        return from;
    }
}
