using System.Text.Json.Nodes;
using Switchyard.Training.Reporting.Charts;

namespace Switchyard.Training.Reporting;

/// <summary>A chart as HTML: heading, what to see, selectors, legend, the figure itself and its data as text.</summary>
internal static class ReportFigure
{
    /// <summary>All charts in a grid; a last half one without a neighbour takes the whole width.</summary>
    public static Markup Grid(IReadOnlyList<ReportChart> charts, IReadOnlyList<LegendEntry> entries)
    {
        ReportChart[] placed = [.. charts];
        if (placed.Count(c => c.Half) % 2 != 0)
        {
            int alone = Array.FindLastIndex(placed, c => c.Half);
            placed[alone] = placed[alone] with { Half = false };
        }

        return Markup.Of($"""
            <noscript><p class="hint">The charts need JavaScript; the data of each is below as text.</p></noscript>
            <div class="charts">
            {placed.Select(c => Of(c, entries))}</div>
            """);
    }

    public static Markup Of(ReportChart chart, IReadOnlyList<LegendEntry> entries)
    {
        Markup selectors = chart.Selectors.Count == 0 ? Markup.Empty : Markup.Of($"""<div class="selectors no-print">{chart.Selectors.Select(Selector)}</div>""");
        string note = chart.Views[0].Note.Html ?? string.Empty;
        Markup noteLine = note.Length == 0 ? Markup.Empty : Markup.Of($"""<p class="note" aria-live="polite">{new Markup(note)}</p>""");
        return Markup.Of($"""
            <figure class="chart{(chart.Half ? " half" : string.Empty)}" id="{chart.Id}" aria-labelledby="{chart.Id}-title">
            <div class="chart-head"><h3 id="{chart.Id}-title">{chart.Title}</h3><button type="button" class="no-print" data-save="svg" hidden>Save SVG</button></div>
            <p class="lead">{chart.Lead}</p>
            {selectors}{noteLine}
            {ReportLegend.Of(chart, entries)}
            <div class="plot" role="img" aria-label="{chart.Title}. {chart.Lead.ToPlainText()}" style="height:{chart.Height}px"></div>
            <details><summary>Data as text</summary><div class="tools no-print"><button type="button" data-copy="{chart.Id}-data" hidden>Copy</button><button type="button" data-save="csv" hidden>Save CSV</button></div><pre class="data" id="{chart.Id}-data" tabindex="0">{chart.Csv}</pre></details>
            <script type="application/json" class="figure">{new Markup(Island(chart).ToJsonString())}</script>
            </figure>

            """);
    }

    private static Markup Selector(ChartSelector selector) => Markup.Of($"""<label>{selector.Label} <select>{selector.Options.Select((o, i) => Markup.Of($"<option value=\"{i}\">{o}</option>"))}</select></label>""");

    /// <summary>The chart as the page's script reads it. System.Text.Json escapes &lt;, so that nothing in it can end the script element.</summary>
    private static JsonObject Island(ReportChart chart)
    {
        JsonObject island = new()
        {
            ["title"] = Plot.Label(chart.Title),
            ["height"] = chart.Height,
            ["legend"] = chart.Legend.ToString().ToLowerInvariant(),
            ["layout"] = chart.Layout,
            ["sizes"] = new JsonArray([.. chart.Selectors.Select(s => (JsonNode?)s.Options.Count)]),
            ["views"] = new JsonArray([.. chart.Views.Select(v => (JsonNode?)new JsonObject { ["data"] = v.Data, ["note"] = v.Note.Html is { Length: > 0 } ? v.Note.ToPlainText() : null })]),
        };
        if (chart.Narrow is not null)
        {
            island["narrow"] = chart.Narrow;
        }

        return island;
    }
}
