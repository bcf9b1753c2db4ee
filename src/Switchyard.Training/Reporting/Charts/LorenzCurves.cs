using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>The share of the load that the least used experts carry. The sorted shares of the layers are averaged, so that twice the area to the diagonal is the mean Gini of the table.</summary>
internal static class LorenzCurves
{
    public static ReportChart? Of(CompareResult result)
    {
        (CompareRow Row, double[] Curve)[] curves = [.. result.Rows.Select(r => (r, Curve(r))).Where(c => c.Item2.Length > 1)];
        if (curves.Length == 0)
        {
            return null;
        }

        JsonArray data =
        [
            new JsonObject
            {
                ["type"] = "scatter",
                ["mode"] = "lines",
                ["name"] = "even load",
                ["meta"] = new JsonObject { ["role"] = "reference" },
                ["x"] = Plot.Numbers([0, 100]),
                ["y"] = Plot.Numbers([0, 100]),
                ["hoverinfo"] = "skip",
            },
        ];
        Csv csv = new("row", "experts, least used first (%)", "share of the load (%)");
        foreach ((CompareRow row, double[] curve) in curves)
        {
            double[] x = [.. curve.Select((_, i) => 100.0 * i / (curve.Length - 1))];
            double[] y = [.. curve.Select(v => 100 * v)];
            JsonObject trace = Plot.RowTrace(result, row, "lines");
            trace["x"] = Plot.Numbers(x);
            trace["y"] = Plot.Numbers(y);
            trace["hovertemplate"] = "the least used %{x:.0f} % carry %{y:.1f} %";
            data.Add(trace);
            for (int i = 0; i < x.Length; i++)
            {
                csv.Add([row.Name], [x[i], y[i]]);
            }
        }

        return new ReportChart
        {
            Id = "lorenz",
            Title = "Lorenz curves of the load",
            Lead = Lead(curves),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = [new ChartView(data)],
            Layout = new JsonObject { ["xaxis"] = Plot.Axis("experts, least used first (%)", 0, 100), ["yaxis"] = Plot.Axis("share of the load (%)", 0, 100) },
            Csv = csv.ToString(),
        };
    }

    /// <summary>Cumulative shares at 0, 1 … E experts, mean over layers of equal size; empty where nothing was routed.</summary>
    internal static double[] Curve(CompareRow row)
    {
        IReadOnlyList<double>[] layers = [.. row.Layers.Where(l => l.Load.Count > 0 && l.Load.Sum() > 0).Select(Cumulative)];
        return Binned.Mean(layers);
    }

    private static double[] Cumulative(LayerResult layer)
    {
        double[] curve = new double[layer.Load.Count + 1];
        double total = layer.Load.Sum();
        int i = 0;
        foreach (long load in layer.Load.Order())
        {
            curve[i + 1] = curve[i] + (load / total);
            i++;
        }

        return curve;
    }

    private static Markup Lead((CompareRow Row, double[] Curve)[] curves)
    {
        (CompareRow row, double[] curve) = curves.MinBy(c => c.Curve.Sum());
        (CompareRow best, double[] even) = curves.MaxBy(c => c.Curve.Sum());
        Markup other = ReferenceEquals(row, best) ? Markup.Empty : Markup.Of($", in {Markup.Code(best.Name)} {Figures.Percent(Top(even))}");
        return Markup.Of($"The nearer to the diagonal, the more even; twice the area between is the Gini coefficient. The busiest quarter of the experts carries {Figures.Percent(Top(curve))} of the load in {Markup.Code(row.Name)}{other}.");
    }

    private static double Top(double[] curve)
    {
        int experts = curve.Length - 1;
        return 1 - curve[experts - Math.Max(1, (int)Math.Round(experts / 4.0))];
    }
}
