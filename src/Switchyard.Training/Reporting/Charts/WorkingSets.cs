using System.Text.Json.Nodes;
using Switchyard.Metrics;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Distinct experts that a run of tokens touches.</summary>
internal static class WorkingSets
{
    public static ReportChart? Of(IReadOnlyList<ProfileResult> profiles, IReadOnlyList<LegendEntry> entries)
    {
        ProfileResult first = profiles[0];
        if (first.WorkingSet.Count < 2)
        {
            return null;
        }

        WorkingSet shown = first.WorkingSet.LastOrDefault(w => w.Tokens <= 32);
        JsonObject axis = Plot.Axis("consecutive tokens");
        axis["type"] = "log";
        axis["dtick"] = Math.Log10(2);
        axis["tickformat"] = "d";
        return new ReportChart
        {
            Id = "working-set",
            Title = "Working set",
            Lead = Markup.Of($"Distinct experts of a layer that a run of tokens touches; dotted: an even load of independent tokens. {shown.Tokens} tokens of {Markup.Code(first.Model.Name)} touch {Figures.Fixed(shown.Experts, 1)} experts of {first.Model.Experts}; of an even load they would touch {Figures.Fixed(shown.Even, 1)}."),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = LayerViews.Of(profiles, entries, Points, "%{x} tokens touch %{y:.1f} experts"),
            Selectors = [LayerViews.Selector(first)],
            Layout = new JsonObject { ["xaxis"] = axis, ["yaxis"] = Plot.Axis("experts", 0, 1.05 * profiles.Max(p => p.Model.Experts)) },
            Csv = LayerViews.Text(profiles, entries, Points, "tokens", "distinct experts", "even load"),
        };
    }

    private static IEnumerable<ChartPoint> Points(OrderResult order) => order.WorkingSet.Select(w => new ChartPoint(w.Tokens, w.Experts, w.Even));
}
