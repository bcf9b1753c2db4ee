namespace Switchyard.Training.Reporting;

/// <summary>What every report is set in: one HTML file with style, scripts and a head, that loads and sends nothing.</summary>
internal static class ReportFrame
{
    /// <summary>Nothing may be loaded or sent: everything is in the file.</summary>
    public const string ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";

    /// <summary>The page around its sections, which are called <c>summary</c>, <c>table</c>, <c>charts</c> and <c>setup</c>.</summary>
    /// <param name="title">Heading and title.</param>
    /// <param name="version">Switchyard's version.</param>
    /// <param name="meta">The paragraph below the heading.</param>
    /// <param name="main">The sections.</param>
    /// <param name="plotly">The charting script.</param>
    public static Markup Of(string title, string version, Markup meta, Markup main, string plotly) => Markup.Of($"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="{ContentSecurityPolicy}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="Switchyard {version}">
        <title>{title} – Switchyard</title>
        <style>
        {new Markup(ReportAssets.Style())}</style>
        </head>
        <body>
        <a class="skip" href="#summary">Skip to the summary</a>
        <header>
        <div class="bar"><span class="brand">Switchyard</span><nav aria-label="Sections" class="no-print"><a href="#summary">Summary</a><a href="#table">Table</a><a href="#charts">Charts</a><a href="#setup">How it was measured</a></nav><button type="button" id="theme" class="no-print" hidden>Theme: auto</button></div>
        <h1>{title}</h1>
        {meta}
        </header>
        <main>
        {main}
        </main>
        <footer><p>Written by Switchyard {version}. One file, no network; charts drawn by plotly.js (MIT licence), which is inside.</p></footer>
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
