using Switchyard.Training.Reporting.Charts;

namespace Switchyard.Training.Reporting;

/// <summary>The legend of a chart as HTML, so that it wraps on a phone, prints, and can be worked with a keyboard.</summary>
internal static class ReportLegend
{
    public static Markup Of(ReportChart chart, IReadOnlyList<LegendEntry> entries) => chart.Legend switch
    {
        ChartLegend.Rows => Rows(chart, entries),
        ChartLegend.Load => Ramp("load", "idle", "even share", FormattableString.Invariant($"≥ {Plot.LoadCeiling}×"), "load ÷ even share"),
        ChartLegend.Share => Ramp("share", "0 %", string.Empty, Figures.Percent(chart.LegendMaximum), chart.LegendTitle),
        _ => Markup.Empty,
    };

    private static Markup Rows(ReportChart chart, IReadOnlyList<LegendEntry> all)
    {
        HashSet<int> shown = [.. chart.Views.SelectMany(v => v.Data).Select(t => (int?)t?["meta"]?["row"]).OfType<int>()];
        IEnumerable<Markup> entries = all.Select((entry, i) => (entry, i)).Where(r => shown.Contains(r.i)).Select(r =>
            Markup.Of($"""<li><button type="button" data-row="{r.i}" aria-pressed="true">{r.entry.Style.Swatch()}{r.entry.Name}</button></li>"""));
        return Markup.Of($"""<ul class="legend" aria-label="Rows; press to hide or show in every chart">{entries}</ul>""");
    }

    private static Markup Ramp(string kind, string low, string middle, string high, string what)
    {
        Markup centre = middle.Length == 0 ? Markup.Empty : Markup.Of($"""<span class="even">{middle}</span>""");
        return Markup.Of($"""<div class="ramp {kind}" role="img" aria-label="Colour scale: {what}, from {low} to {high}"><span class="what">{what}</span><span class="scale"><span class="strip"></span><span class="ticks"><span>{low}</span>{centre}<span>{high}</span></span></span></div>""");
    }
}
