using System.Globalization;
using System.Text;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>What replacing routers did, as text: before → after.</summary>
public static class RerouteTable
{
    /// <summary>The table and a sentence or two.</summary>
    public static string Render(RerouteResult result)
    {
        (RerouteFigures a, RerouteFigures b) = (result.Before, result.After);
        List<(string What, string Before, string After)> rows =
        [
            ("loss", Number(a.Loss, "0.0000"), Number(b.Loss, "0.0000")),
            ("perplexity", Number(a.Perplexity, "0.000"), Number(b.Perplexity, "0.000")),
            ("Gini", Number(a.Gini, "0.000"), Number(b.Gini, "0.000")),
            ("Gini, worst layer", Number(a.GiniWorstLayer, "0.000"), Number(b.GiniWorstLayer, "0.000")),
            ("min-max", Number(a.MinMax, "0.0000"), Number(b.MinMax, "0.0000")),
            ("load entropy", Number(a.LoadEntropy, "0.000"), Number(b.LoadEntropy, "0.000")),
            ("experts used", Number(a.Utilisation, "0 %"), Number(b.Utilisation, "0 %")),
            ("router parameters", Number(a.RouterParameters, "N0"), Number(b.RouterParameters, "N0")),
            ("router, µs a token", Number(a.RouterMicrosecondsPerToken, "0.00"), Number(b.RouterMicrosecondsPerToken, "0.00")),
        ];
        StringBuilder text = new();
        Table(text, $"held out of {result.Corpus.Name}", rows);
        if (result is { JudgedBefore: { } before, JudgedAfter: { } after })
        {
            Table(text, $"{after.Text.Name}, {after.Targets:N0} tokens judged",
            [
                ("loss", Number(before.Loss, "0.0000"), Number(after.Loss, "0.0000")),
                ("perplexity", Number(before.Perplexity, "0.000"), Number(after.Perplexity, "0.000")),
                .. Figure(before, after, "gini", "Gini", "0.000"),
                .. Figure(before, after, "minMax", "min-max", "0.0000"),
                .. Figure(before, after, "loadEntropy", "load entropy", "0.000"),
                .. Figure(before, after, "routingEntropy", "routing entropy", "0.000"),
            ]);
        }

        text.Append(CultureInfo.InvariantCulture, $"{result.Routing}: of the old routers' experts the new ones chose {result.AgreementAtStart.Average():P1} at the start and {result.Agreement.Average():P1} at the end");
        text.Append(CultureInfo.InvariantCulture, $"; step {result.KeptStep} of {result.Steps} kept");
        if (result.BiasStrength < 1)
        {
            text.Append(CultureInfo.InvariantCulture, $", its bias at {result.BiasStrength:P0} so that the loss does not pass the original's");
        }

        text.AppendLine(".");
        if (result.Config.KeepLoss && !result.LossKept)
        {
            text.AppendLine("No routing that was tried keeps the loss of the original: this is the one with the least.");
        }

        return text.ToString();
    }

    private static IEnumerable<(string What, string Before, string After)> Figure(ProfileResult before, ProfileResult after, string name, string title, string format)
    {
        if (before.Figure(name) is { } a && after.Figure(name) is { } b)
        {
            yield return (title, Number(a.Mean, format), Number(b.Mean, format));
        }
    }

    private static void Table(StringBuilder text, string title, IReadOnlyList<(string What, string Before, string After)> rows)
    {
        int what = Math.Max(title.Length, rows.Max(r => r.What.Length)), before = Math.Max("before".Length, rows.Max(r => r.Before.Length)), after = Math.Max("after".Length, rows.Max(r => r.After.Length));
        text.AppendLine($"{title.PadRight(what)}  {"before".PadLeft(before)}  {"after".PadLeft(after)}");
        foreach ((string w, string b, string a) in rows)
        {
            text.AppendLine($"{w.PadRight(what)}  {b.PadLeft(before)}  {a.PadLeft(after)}");
        }

        text.AppendLine();
    }

    private static string Number(double? value, string format) => value is { } v ? v.ToString(format, CultureInfo.InvariantCulture) : "–";
}
