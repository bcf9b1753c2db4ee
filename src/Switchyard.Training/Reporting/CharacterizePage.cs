using System.Globalization;
using Switchyard.Training.Reporting.Charts;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The page of a characterisation: header, findings, table, charts, and how it was measured.</summary>
internal static class CharacterizePage
{
    public static Markup Of(CharacterizedRows rows, string plotly)
    {
        CharacterizeResult result = rows.Result;
        string title = $"Routers of {result.Model.Name}";
        Markup main = Markup.Of($"""
            <section id="summary" aria-labelledby="summary-title">
            <h2 id="summary-title">What the numbers say</h2>
            <dl class="findings">
            {CharacterizeFindings.Of(rows).Select(f => Markup.Of($"<div><dt>{f.Label}</dt><dd>{f.Text}</dd></div>\n"))}</dl>
            </section>
            <section id="table" aria-labelledby="table-title">
            <h2 id="table-title">The table</h2>
            {ReportTable.Of(rows.Compared, CharacterizeColumns.Of(rows))}
            </section>
            <section id="charts" aria-labelledby="charts-title">
            <h2 id="charts-title">The charts</h2>
            {ReportFigure.Grid([.. Charts(rows)], LegendEntry.Of(rows.Compared))}
            </section>
            {Setup(result)}
            """);
        return ReportFrame.Of(title, result.Machine.Version, Meta(result), main, plotly);
    }

    internal static IEnumerable<ReportChart> Charts(CharacterizedRows rows) =>
        new[]
        {
            TradeOff.Of(rows.Compared),
            LatencyLines.Of(rows),
            ParametersAndLoss.Of(rows),
            LossGains.Of(rows),
            SparsityBars.Of(rows),
            LorenzCurves.Of(rows.Compared),
            LoadMaps.Of(rows.Compared),
        }.OfType<ReportChart>();

    private static Markup Meta(CharacterizeResult result) => Markup.Of($"""
        <p class="meta">{result.Rows.Count} rows · {result.Config.Reroute.Training.Steps} steps of {Figures.Count(CharacterizedRows.BatchTokens(result))} tokens · {result.Model.Experts} experts, top {result.Model.TopK}, in {result.Model.MoeLayers} layers · <time datetime="{result.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}">{result.Created.UtcDateTime.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} UTC</time></p>
        """);

    private static Markup Setup(CharacterizeResult result)
    {
        (ProfileModel model, ProfileText text, MachineInfo machine, RerouteConfig budget) = (result.Model, result.Judged, result.Machine, result.Config.Reroute);
        string start = budget.Start == RouterStart.Distill ? $"fitted to the original's on {budget.DistillSteps} batches, then trained" : "random at first, trained";
        string targets = result.Masked ? "masked tokens" : "tokens";
        Markup upcycled = result.Config.Upcycle is { } experts
            ? Markup.Of($" Its FFNs were made {experts.Experts} experts, {experts.TopK} a token ({experts.By.ToString().ToLowerInvariant()}, noise {experts.Noise}); the dense model has a loss of {Figures.Fixed(result.DenseLoss ?? double.NaN, 4)}.")
            : Markup.Empty;
        return Markup.Of($"""
            <section id="setup" aria-labelledby="setup-title">
            <h2 id="setup-title">How it was measured</h2>
            <dl class="setup">
            <div><dt>Command</dt><dd><pre tabindex="0" id="command">{result.Command}</pre><button type="button" class="no-print" data-copy="command" hidden>Copy</button></dd></div>
            <div><dt>Model</dt><dd>{model.Name}: hidden size {model.HiddenSize}, {model.Layers} layers, {model.MoeLayers} of them with {model.Experts} experts of inner size {model.InnerSize}, {model.TopK} a token; {Figures.Short(model.ActiveParameters)} of {Figures.Short(model.TotalParameters)} parameters a token.{upcycled} <span class="path">{model.Path}</span></dd></div>
            <div><dt>Budget</dt><dd>Each row starts from the same checkpoint, with the same seed ({budget.Seed}) and the same batches; its routers are {start} for {budget.Training.Steps} steps of {Figures.Count(CharacterizedRows.BatchTokens(result))} tokens, all else frozen. <span class="path">{budget.Corpus}</span></dd></div>
            <div><dt>Judged</dt><dd>{Figures.Count(result.Targets)} {targets} of {text.Name}, in windows of {Figures.Count(text.Context)}, in inference. Agreement is of held-out documents of the training text. <span class="path">{text.Path}</span></dd></div>
            <div><dt>Latency</dt><dd>Router and selector of one layer in inference, medians of passes that take turns with a linear router of the same sizes; {Plural(machine.Threads, "thread")}.</dd></div>
            <div><dt>Sparsity</dt><dd>Of p, a token’s softmax over the E experts, means over tokens and layers: <em>negligible</em>, the share of experts with p below 1/(10·E); <em>effective experts</em>, exp(−Σ p ln p); <em>Hoyer sparsity</em>, (√E − 1/‖p‖₂) ÷ (√E − 1).</dd></div>
            <div><dt>Machine</dt><dd>{machine.Processor}, {machine.VectorWidth}, {Plural(machine.Threads, "thread")}, device {machine.Device}; {machine.OperatingSystem}; {machine.Runtime}; Switchyard {machine.Version}. All rows together took {Figures.Duration(result.Rows.Where(r => double.IsFinite(r.Seconds)).Sum(r => r.Seconds))}.</dd></div>
            </dl>
            </section>
            """);
    }

    private static string Plural(long count, string noun) => $"{Figures.Count(count)} {noun}{(count == 1 ? string.Empty : "s")}";
}
