using System.Globalization;
using Switchyard.Training.Reporting.Charts;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The page of a report: header, summary, table, charts, and how it was measured.</summary>
internal static class ReportPage
{
    public static Markup Of(CompareResult result, string plotly)
    {
        string title = result.Rows.Count == 1 ? $"Routing of {result.Rows[0].Name}" : "Routers compared";
        Markup main = Markup.Of($"""
            {Summary(result)}
            <section id="table" aria-labelledby="table-title">
            <h2 id="table-title">The table</h2>
            {ReportTable.Of(result)}
            </section>
            <section id="charts" aria-labelledby="charts-title">
            <h2 id="charts-title">The charts</h2>
            {ReportFigure.Grid([.. Charts(result)], LegendEntry.Of(result))}
            </section>
            {Setup(result)}
            """);
        return ReportFrame.Of(title, result.Machine.Version, Header(result, title), main, plotly);
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
            CoActivationMap.Of(result),
            RouterCost.Of(result),
        }.OfType<ReportChart>();

    private static Markup Header(CompareResult result, string title)
    {
        ModelInfo model = result.Model;
        return Markup.Of($"""<p class="meta">{(result.Rows.Count == 1 ? string.Empty : Plural(result.Rows.Count, "row") + " · ")}{Plural(model.Steps, "step")} of {Figures.Count(model.BatchTokens)} tokens · {model.Experts} experts, top {model.TopK}, in {Plural(model.Layers, "layer")} · {Plural(model.Seeds.Count, "seed")} · preset {result.Preset} · <time datetime="{result.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}">{result.Created.UtcDateTime.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} UTC</time></p>""");
    }

    private static Markup Summary(CompareResult result) => Markup.Of($"""
        <section id="summary" aria-labelledby="summary-title">
        <h2 id="summary-title">What the numbers say</h2>
        <dl class="findings">
        {Findings.Of(result).Select(f => Markup.Of($"<div><dt>{f.Label}</dt><dd>{f.Text}</dd></div>\n"))}{result.Diverged.Select(d => Markup.Of($"<div><dt>Diverged</dt><dd>{d.Name}, seed {d.Seed}: {d.Reason}.</dd></div>\n"))}</dl>
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

    private static string Range(IReadOnlyList<long> values)
    {
        (long low, long high) = (values.Min(), values.Max());
        return Figures.Short(low) == Figures.Short(high) ? Figures.Short(low) : $"{Figures.Short(low)} to {Figures.Short(high)}";
    }

    private static string Plural(long count, string noun) => $"{Figures.Count(count)} {noun}{(count == 1 ? string.Empty : "s")}";
}
