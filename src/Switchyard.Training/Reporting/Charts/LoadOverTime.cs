using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>The load of each expert over training, expert × time, of a chosen row and layer.</summary>
internal static class LoadOverTime
{
    private const int MostPoints = 80;
    private const int FewestPoints = 24;

    /// <summary>Cells of all views together, beyond which time is cut more coarsely: a report of many experts should not grow beyond a few megabytes.</summary>
    private const int MostCells = 100_000;

    public static ReportChart? Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => Layers(r) > 0)];
        if (rows.Length == 0)
        {
            return null;
        }

        int layers = rows.Min(Layers);
        List<ChartView> views = [];
        int experts = rows.Max(r => Points(r).Max(p => p.Load.Max(l => l.Count)));
        int most = Math.Clamp(MostCells / (rows.Length * layers * experts), FewestPoints, MostPoints);
        Csv csv = new(["row", "layer", "step", .. Enumerable.Range(0, experts).Select(e => $"expert {e} (% of pairs)")]);
        foreach (CompareRow row in rows)
        {
            IReadOnlyList<HistoryPoint[]> bins = Binned.Of(Points(row), most);
            for (int l = 0; l < layers; l++)
            {
                int layer = l;
                double[][] shares = [.. bins.Select(b => Binned.Mean([.. b.Select(p => p.Load[layer])]))];
                int[] steps = [.. bins.Select(b => b[^1].Step)];
                views.Add(View(row, LayerName(row, layer), steps, shares));
                for (int i = 0; i < steps.Length; i++)
                {
                    csv.Add([row.Name, LayerName(row, layer)], [steps[i], .. shares[i].Select(s => Math.Round(100 * s, 2))]);
                }
            }
        }

        return new ReportChart
        {
            Id = "load-over-time",
            Title = "Load over training",
            Lead = Markup.Of($"Each line is an expert, from the first step at the left to the last: its load in the batches of training, over the even share. A line that turns blue and stays so is an expert that died."),
            Legend = ChartLegend.Load,
            Views = views,
            Selectors =
            [
                new ChartSelector("Row", [.. rows.Select(r => r.Name)]),
                new ChartSelector("Layer", [.. Enumerable.Range(0, layers).Select(l => LayerName(rows[0], l))]),
            ],
            Layout = new JsonObject { ["xaxis"] = Quiet("step"), ["yaxis"] = Quiet("expert") },
            Csv = csv.ToString(),
            Height = Math.Clamp(90 + (experts * 18), 260, 560),
        };
    }

    private static JsonObject Quiet(string title)
    {
        JsonObject axis = Plot.Axis(title);
        axis["showgrid"] = false;
        axis["zeroline"] = false;
        return axis;
    }

    private static HistoryPoint[] Points(CompareRow row) => [.. row.History.Where(p => p.Load.Count > 0)];

    private static int Layers(CompareRow row) => Points(row).Select(p => p.Load.Count).DefaultIfEmpty(0).Min();

    private static string LayerName(CompareRow row, int layer) =>
        FormattableString.Invariant($"layer {(layer < row.Layers.Count ? row.Layers[layer].Layer : layer)}");

    private static ChartView View(CompareRow row, string layer, int[] steps, double[][] shares)
    {
        double[][] ratios = [.. shares.Select(s => Plot.OverEven(s))];
        int experts = ratios.Length == 0 ? 0 : ratios.Min(r => r.Length);
        JsonObject map = Plot.HeatMap(
            "load",
            Plot.Numbers(steps.Select(s => (double)s)),
            Plot.Numbers(Enumerable.Range(0, experts).Select(e => (double)e)),
            Enumerable.Range(0, experts).Select(e => (IReadOnlyList<double>)[.. ratios.Select(r => r[e])]),
            Plot.LoadCeiling,
            "step %{x}, expert %{y}: %{z:.2f} × the even share");
        map["ygap"] = experts <= 32 ? 1 : 0;
        return new ChartView([map], Note(row, layer, ratios, experts));
    }

    private static Markup Note(CompareRow row, string layer, double[][] ratios, int experts)
    {
        if (experts == 0)
        {
            return Markup.Empty;
        }

        double[] last = ratios[^1];
        double[] first = ratios[0];
        return Markup.Of($"{Markup.Code(row.Name)}, {layer}: the busiest expert goes from {Figures.Times(first.Max())} to {Figures.Times(last.Max())} its share (expert {Array.IndexOf(last, last.Max())}), the least used from {Figures.Times(first.Min())} to {Figures.Times(last.Min())} (expert {Array.IndexOf(last, last.Min())}).");
    }
}
