using System.Text.Json.Nodes;
using Switchyard.Metrics;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Share of the traffic on the hottest slots.</summary>
internal static class CoverageCurves
{
    public static ReportChart? Of(IReadOnlyList<ProfileResult> profiles, IReadOnlyList<LegendEntry> entries)
    {
        ProfileResult first = profiles[0];
        if (first.Coverage.Count == 0)
        {
            return null;
        }

        Coverage fifth = first.Coverage.First(c => c.Share >= 0.2);
        return new ReportChart
        {
            Id = "coverage",
            Title = "Traffic of the hottest experts",
            Lead = Markup.Of($"Chosen on one half of the tokens, counted on the other; dotted: an even load. The hottest {Figures.Percent(fifth.Share)} of the experts of {Markup.Code(first.Model.Name)} carry {Figures.Percent(fifth.Traffic)} of the traffic."),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = LayerViews.Of(profiles, entries, Points, "the hottest %{x:.0f} % carry %{y:.1f} %"),
            Selectors = [LayerViews.Selector(first)],
            Layout = new JsonObject { ["xaxis"] = Plot.Axis("experts kept, hottest first (%)", 0, 100), ["yaxis"] = Plot.Axis("share of the traffic (%)", 0, 102) },
            Csv = LayerViews.Text(profiles, entries, Points, "experts kept (%)", "traffic (%)", "even load (%)"),
        };
    }

    private static IEnumerable<ChartPoint> Points(OrderResult order) =>
        order.Coverage.Select(c => new ChartPoint(100 * c.Even, 100 * c.Traffic, 100 * c.Even)).Prepend(default);
}
