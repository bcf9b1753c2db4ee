using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Share of a token's experts that the token before it used, by layer.</summary>
internal static class LocalityLines
{
    public static ReportChart? Of(IReadOnlyList<ProfileResult> profiles, IReadOnlyList<LegendEntry> entries)
    {
        JsonArray data = [];
        Csv csv = new("profile", "layer", "shared with the token before (%)", "independent tokens (%)");
        for (int i = 0; i < profiles.Count; i++)
        {
            ProfileLayer[] layers = [.. profiles[i].Layers.Where(l => l.Order is not null)];
            double[] x = [.. layers.Select(l => (double)l.Layer)];
            double[] independent = [.. layers.Select(l => 100 * l.Order!.Locality.Independent)];
            JsonObject line = Plot.Trace(entries[i].Name, entries[i].Style, i, "lines+markers");
            line["x"] = Plot.Numbers(x);
            line["y"] = Plot.Numbers(layers.Select(l => 100 * l.Order!.Locality.Share));
            line["hovertemplate"] = "layer %{x}: %{y:.1f} %";
            data.Add(LayerViews.Expected(x, independent));
            data.Add(line);
            foreach (ProfileLayer layer in layers)
            {
                csv.Add([entries[i].Name], [layer.Layer, 100 * layer.Order!.Locality.Share, 100 * layer.Order.Locality.Independent]);
            }
        }

        JsonObject axis = Plot.Axis("layer");
        axis["tickformat"] = "d";
        axis["dtick"] = Math.Max(1, profiles[0].Model.Layers / 12);
        ProfileResult first = profiles[0];
        return new ReportChart
        {
            Id = "locality",
            Title = "Experts shared with the token before",
            Lead = Markup.Of($"Dotted: what independent tokens of the same load would share. Above it, neighbouring tokens want the same experts, and keeping those at hand pays. {Markup.Code(first.Model.Name)}: {Figures.Percent(first.Locality.Share)} against {Figures.Percent(first.Locality.Independent)}, mean over layers."),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = [new ChartView(data)],
            Layout = new JsonObject { ["xaxis"] = axis, ["yaxis"] = Plot.Axis("shared experts (%)", 0, 100) },
            Csv = csv.ToString(),
        };
    }
}
