using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Training.Reporting.Charts;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The page of a report: header, summary, table, charts, and how it was measured.</summary>
internal static class ReportPage
{
    /// <summary>Nothing may be loaded or sent: everything is in the file.</summary>
    public const string ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";

    public static Markup Of(CompareResult result, string plotly)
    {
        ReportChart[] charts = [.. Charts(result)];
        if (charts.Count(c => c.Half) % 2 != 0)
        {
            int alone = Array.FindLastIndex(charts, c => c.Half);
            charts[alone] = charts[alone] with { Half = false };
        }

        string title = result.Rows.Count == 1 ? $"Routing of {result.Rows[0].Name}" : "Routers compared";
        return Markup.Of($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{ContentSecurityPolicy}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="Switchyard {result.Machine.Version}">
            <title>{title} – Switchyard</title>
            <style>
            {new Markup(ReportAssets.Style())}</style>
            </head>
            <body>
            <a class="skip" href="#summary">Skip to the summary</a>
            {Header(result, title)}
            <main>
            {Summary(result)}
            <section id="table" aria-labelledby="table-title">
            <h2 id="table-title">The table</h2>
            {ReportTable.Of(result)}
            </section>
            <section id="charts" aria-labelledby="charts-title">
            <h2 id="charts-title">The charts</h2>
            <noscript><p class="hint">The charts need JavaScript; the data of each is below as text.</p></noscript>
            <div class="charts">
            {charts.Select(c => Chart(result, c))}</div>
            </section>
            {Setup(result)}
            </main>
            <footer><p>Written by Switchyard {result.Machine.Version}. One file, no network; charts drawn by plotly.js (MIT licence), which is inside.</p></footer>
            <script>
            {new Markup(plotly)}
            </script>
            <script>
            {new Markup(ReportAssets.Script())}</script>
            </body>
            </html>
            {Markup.Empty}
            """);
    }

    internal static IEnumerable<ReportChart> Charts(CompareResult result) =>
        new[]
        {
            TradeOff.Of(result),
            LossCurves.Of(result),
            LossGap.Of(result),
            GiniCurves.Of(result),
            LorenzCurves.Of(result),
            LoadMaps.Of(result),
            LoadOverTime.Of(result),
            DomainMap.Of(result),
            RouterCost.Of(result),
        }.OfType<ReportChart>();

    private static Markup Header(CompareResult result, string title)
    {
        ModelInfo model = result.Model;
        Markup[] links =
        [
            Markup.Of($"<a href=\"#summary\">Summary</a>"), Markup.Of($"<a href=\"#table\">Table</a>"),
            Markup.Of($"<a href=\"#charts\">Charts</a>"), Markup.Of($"<a href=\"#setup\">How it was measured</a>"),
        ];
        return Markup.Of($"""
            <header>
            <div class="bar"><span class="brand">Switchyard</span><nav aria-label="Sections" class="no-print">{links}</nav><button type="button" id="theme" class="no-print" hidden>Theme: auto</button></div>
            <h1>{title}</h1>
            <p class="meta">{(result.Rows.Count == 1 ? string.Empty : Plural(result.Rows.Count, "row") + " · ")}{Plural(model.Steps, "step")} of {Figures.Count(model.BatchTokens)} tokens · {model.Experts} experts, top {model.TopK}, in {Plural(model.Layers, "layer")} · {Plural(model.Seeds.Count, "seed")} · preset {result.Preset} · <time datetime="{result.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}">{result.Created.UtcDateTime.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} UTC</time></p>
            </header>
            """);
    }

    private static Markup Summary(CompareResult result) => Markup.Of($"""
        <section id="summary" aria-labelledby="summary-title">
        <h2 id="summary-title">What the numbers say</h2>
        <dl class="findings">
        {Findings.Of(result).Select(f => Markup.Of($"<div><dt>{f.Label}</dt><dd>{f.Text}</dd></div>\n"))}</dl>
        </section>
        """);

    private static Markup Setup(CompareResult result)
    {
        (ModelInfo model, CorpusInfo corpus, MachineInfo machine) = (result.Model, result.Corpus, result.Machine);
        Markup domains = corpus.Domains.Count == 0 ? Markup.Empty : Markup.Of($", {Plural(corpus.Domains.Count, "domain")}");
        double seconds = result.Rows.Where(r => double.IsFinite(r.Seconds)).Sum(r => r.Seconds);
        return Markup.Of($"""
            <section id="setup" aria-labelledby="setup-title">
            <h2 id="setup-title">How it was measured</h2>
            <dl class="setup">
            <div><dt>Command</dt><dd><pre tabindex="0" id="command">{result.Command}</pre><button type="button" class="no-print" data-copy="command" hidden>Copy</button></dd></div>
            <div><dt>Model</dt><dd>Preset {result.Preset}: hidden size {model.HiddenSize}, {Plural(model.Layers, "layer")}, {model.Experts} experts of inner size {model.InnerSize}, {model.TopK} a token; sequences of {model.SequenceLength} tokens, {Figures.Count(model.BatchTokens)} tokens a step, {Plural(model.Steps, "step")}; {(model.Seeds.Count == 1 ? "seed" : "seeds")} {string.Join(", ", model.Seeds)}. Active parameters {Range([.. result.Rows.Select(r => r.ActiveParameters)])} of {Range([.. result.Rows.Select(r => r.TotalParameters)])}.</dd></div>
            <div><dt>Text</dt><dd>{corpus.Name}: {Plural(corpus.Documents, "document")}{domains}; {Figures.Short(corpus.TrainTokens)} tokens to train on, {Figures.Short(corpus.HeldOutTokens)} held out, split by document. <span class="path">{corpus.Path}</span></dd></div>
            <div><dt>Machine</dt><dd>{machine.Processor}, {machine.VectorWidth}, {Plural(machine.Threads, "thread")}, device {machine.Device}; {machine.OperatingSystem}; {machine.Runtime}; Switchyard {machine.Version}. All rows together took {Figures.Duration(seconds)}.</dd></div>
            </dl>
            </section>
            """);
    }

    private static Markup Chart(CompareResult result, ReportChart chart)
    {
        Markup selectors = chart.Selectors.Count == 0 ? Markup.Empty : Markup.Of($"""<div class="selectors no-print">{chart.Selectors.Select(Selector)}</div>""");
        string note = chart.Views[0].Note.Html ?? string.Empty;
        Markup noteLine = note.Length == 0 ? Markup.Empty : Markup.Of($"""<p class="note" aria-live="polite">{new Markup(note)}</p>""");
        return Markup.Of($"""
            <figure class="chart{(chart.Half ? " half" : string.Empty)}" id="{chart.Id}" aria-labelledby="{chart.Id}-title">
            <div class="chart-head"><h3 id="{chart.Id}-title">{chart.Title}</h3><button type="button" class="no-print" data-save="svg" hidden>Save SVG</button></div>
            <p class="lead">{chart.Lead}</p>
            {selectors}{noteLine}
            {ReportLegend.Of(result, chart)}
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

    private static string Range(IReadOnlyList<long> values)
    {
        (long low, long high) = (values.Min(), values.Max());
        return Figures.Short(low) == Figures.Short(high) ? Figures.Short(low) : $"{Figures.Short(low)} to {Figures.Short(high)}";
    }

    private static string Plural(long count, string noun) => $"{Figures.Count(count)} {noun}{(count == 1 ? string.Empty : "s")}";
}
