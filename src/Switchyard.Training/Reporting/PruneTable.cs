using System.Globalization;
using Switchyard.Training.Pruning;

namespace Switchyard.Training.Reporting;

/// <summary>What taking experts out did, as text: before → after.</summary>
public static class PruneTable
{
    private const int MostListed = 16;

    /// <summary>The table, and the experts that are gone.</summary>
    /// <param name="result">What was done.</param>
    /// <param name="width">Columns of the terminal.</param>
    public static string Render(PruneResult result, int width)
    {
        (PruneFigures a, PruneFigures b) = (result.Before, result.After);
        IReadOnlyList<string>[] rows =
        [
            Row("experts of a layer", result.Experts, result.Kept, "N0"),
            Row("loss", a.Loss, b.Loss, "0.0000"),
            Row("perplexity", a.Perplexity, b.Perplexity, "0.000"),
            Row("Gini", a.Gini, b.Gini, "0.000"),
            Row("Gini, worst layer", a.GiniWorstLayer, b.GiniWorstLayer, "0.000"),
            Row("min-max", a.MinMax, b.MinMax, "0.0000"),
            Row("experts, MB", a.ExpertBytes / 1e6, b.ExpertBytes / 1e6, "N1"),
            Row("parameters", a.Parameters, b.Parameters, "N0"),
            Row("parameters a token uses", a.ActiveParameters, b.ActiveParameters, "N0"),
        ];
        string title = $"{TextTable.Printable(Path.GetFileName(result.JudgeText))}, {result.JudgedTokens.ToString("N0", CultureInfo.InvariantCulture)} tokens judged";
        string gone = string.Concat(result.Layers.Where(_ => result.Kept < result.Experts)
            .Select(l => $"layer {l.Layer} {(result.Merged ? "merged" : "lost")} {Numbers([.. Enumerable.Range(0, l.Scores.Count).Except(l.Kept)])}\n"));
        string profile = result.Profile is { } file ? $", {TextTable.Printable(Path.GetFileName(file))}" : string.Empty;
        string by = $"by {result.By.ToString().ToLowerInvariant()} on {result.Tokens.ToString("N0", CultureInfo.InvariantCulture)} tokens of {TextTable.Printable(Path.GetFileName(result.Text))}{profile}";
        return $"{TextTable.Render([title, "before", "after"], rows, width)}\n{by}\n{gone}";
    }

    private static string[] Row(string what, double before, double after, string format) =>
        [what, before.ToString(format, CultureInfo.InvariantCulture), after.ToString(format, CultureInfo.InvariantCulture)];

    private static string Numbers(int[] experts) =>
        string.Join(", ", experts.Take(MostListed)) + (experts.Length > MostListed ? $" and {experts.Length - MostListed} more" : string.Empty);
}
