using System.Globalization;
using Switchyard.Training.Reporting.Charts;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The page of a profile: header, diagnosis, tables, charts, and how it was measured; with another profile, both side by side.</summary>
internal static class ProfilePage
{
    public static Markup Of(ProfileResult result, ProfileResult? other, string plotly)
    {
        string title = other is null ? $"Routing of {result.Model.Name}" : $"Routing of {ProfileTable.Names(result, other).First} and {ProfileTable.Names(result, other).Second}";
        IReadOnlyList<ProfileResult> profiles = other is null ? [result] : [result, other];
        Markup main = Markup.Of($"""
            <section id="summary" aria-labelledby="summary-title">
            <h2 id="summary-title">What the numbers say</h2>
            {Words(profiles)}
            </section>
            <section id="table" aria-labelledby="table-title">
            <h2 id="table-title">Layer by layer</h2>
            {ProfileReportTable.Of(profiles)}
            </section>
            <section id="charts" aria-labelledby="charts-title">
            <h2 id="charts-title">The charts</h2>
            {ReportFigure.Grid(ProfileCharts.Of(profiles), ProfileCharts.Entries(profiles))}
            </section>
            {Setup(profiles)}
            """);
        return ReportFrame.Of(title, result.Machine.Version, Meta(result), main, plotly);
    }

    private static Markup Meta(ProfileResult result) => Markup.Of($"""
        <p class="meta">{Figures.Count(result.Text.Tokens)} tokens of {result.Text.Name} · {result.Model.Experts} experts, top {result.Model.TopK}, in {result.Model.MoeLayers} layers · loss {Figures.Fixed(result.Loss, 4)} nats, perplexity {Figures.Fixed(result.Perplexity, 3)} · <time datetime="{result.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}">{result.Created.UtcDateTime.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} UTC</time></p>
        """);

    private static Markup Words(IReadOnlyList<ProfileResult> profiles) => Markup.Join(profiles.Select((p, i) =>
    {
        string name = i == 0 ? p.Model.Name : ProfileTable.Names(profiles[0], p).Second;
        Markup heading = profiles.Count == 1 ? Markup.Empty : Markup.Of($"<h3>{name}</h3>");
        Markup advice = p.Diagnosis.Advice.Count == 0
            ? Markup.Empty
            : Markup.Of($"""<div><dt>What would be tried</dt><dd><ol class="words">{p.Diagnosis.Advice.Select(a => Markup.Of($"<li>{a}</li>"))}</ol></dd></div>""");
        return Markup.Of($"""
            {heading}
            <dl class="findings">
            <div><dt>Diagnosis</dt><dd><ul class="words">{p.Diagnosis.Findings.Select(f => Markup.Of($"<li>{f}</li>"))}</ul></dd></div>
            {advice}
            </dl>
            """);
    }));

    private static Markup Setup(IReadOnlyList<ProfileResult> profiles) => Markup.Of($"""
        <section id="setup" aria-labelledby="setup-title">
        <h2 id="setup-title">How it was measured</h2>
        {profiles.Select((p, i) => Setup(p, i))}
        </section>
        """);

    private static Markup Setup(ProfileResult result, int index)
    {
        (ProfileModel model, ProfileText text, MachineInfo machine) = (result.Model, result.Text, result.Machine);
        string command = FormattableString.Invariant($"command-{index}");
        return Markup.Of($"""
            <dl class="setup">
            <div><dt>Command</dt><dd><pre tabindex="0" id="{command}">{result.Command}</pre><button type="button" class="no-print" data-copy="{command}" hidden>Copy</button></dd></div>
            <div><dt>Model</dt><dd>{model.Name}: hidden size {model.HiddenSize}, {model.Layers} layers, {model.MoeLayers} of them with {model.Experts} experts of inner size {model.InnerSize}, {model.TopK} a token; {Figures.Short(model.ActiveParameters)} of {Figures.Short(model.TotalParameters)} parameters a token; vocabulary {Figures.Count(model.VocabularySize)}, tokenizer {model.Tokenizer}. <span class="path">{model.Path}</span></dd></div>
            <div><dt>Text</dt><dd>{text.Name}: {Figures.Count(text.Documents)} documents, {Figures.Count(text.Domains.Count)} domains, {Figures.Count(text.Tokens)} tokens, in windows of {Figures.Count(text.Context)} at multiples of {Figures.Count(text.Stride)}; {Figures.Count(result.Targets)} targets scored. Load counts every token once. Locality, working set, coverage and cache curves are of the first {Figures.Count(result.OrderTokens)} tokens. <span class="path">{text.Path}</span></dd></div>
            {(result.ExpertCache is { } cache ? Markup.Of($"<div><dt>Expert cache</dt><dd>{ExpertCacheText.Of(cache)}.</dd></div>") : Markup.Empty)}
            <div><dt>Machine</dt><dd>{machine.Processor}, {machine.VectorWidth}, {machine.Threads} threads, device {machine.Device}; {machine.OperatingSystem}; {machine.Runtime}; Switchyard {machine.Version}. It took {Figures.Duration(result.Seconds)}.</dd></div>
            </dl>
            """);
    }
}
