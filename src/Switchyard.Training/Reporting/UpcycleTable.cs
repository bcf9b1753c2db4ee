using System.Globalization;
using Switchyard.Training.Upcycling;

namespace Switchyard.Training.Reporting;

/// <summary>What giving experts to a dense checkpoint did, as text: before → after.</summary>
public static class UpcycleTable
{
    /// <summary>The table, and what the experts are.</summary>
    /// <param name="result">What was done.</param>
    /// <param name="width">Columns of the terminal.</param>
    public static string Render(UpcycleResult result, int width)
    {
        (UpcycleFigures a, UpcycleFigures b) = (result.Before, result.After);
        List<string[]> rows =
        [
            ["architecture", TextTable.Printable(a.Architecture), TextTable.Printable(b.Architecture)],
            Row("MoE layers", a.MoeLayers, b.MoeLayers, "N0"),
            Row("parameters", a.Parameters, b.Parameters, "N0"),
            Row("parameters a token uses", a.ActiveParameters, b.ActiveParameters, "N0"),
            Row("weights, MB", a.Bytes / 1e6, b.Bytes / 1e6, "N1"),
        ];
        if (a is { Loss: { } loss, Perplexity: { } perplexity } && b is { Loss: { } newLoss, Perplexity: { } newPerplexity })
        {
            rows.Add(Row("loss", loss, newLoss, "0.0000"));
            rows.Add(Row("perplexity", perplexity, newPerplexity, "0.000"));
        }

        string title = result.JudgeText is { } text ? $"{TextTable.Printable(Path.GetFileName(text))}, {result.JudgedTokens.ToString("N0", CultureInfo.InvariantCulture)} tokens judged" : string.Empty;
        string noise = result.Noise > 0 ? $" with noise of {result.Noise.ToString(CultureInfo.InvariantCulture)} standard deviations" : string.Empty;
        string by = result.By == Models.Checkpoints.UpcycleMethod.Copy ? $"copies of the FFN{noise}" : "parts of the FFN";
        string experts = $"{result.Experts} experts of inner size {result.InnerSize}, {result.TopK} a token: {by}; fresh routers {result.Routing}";
        return $"{TextTable.Render([title, "before", "after"], rows, width)}\n{experts}\n";
    }

    private static string[] Row(string what, double before, double after, string format) =>
        [what, before.ToString(format, CultureInfo.InvariantCulture), after.ToString(format, CultureInfo.InvariantCulture)];
}
