using System.Globalization;

namespace Switchyard.Peers.Models;

/// <summary>Prints the rows as a table.</summary>
internal static class ModelTable
{
    /// <summary>Prints.</summary>
    public static void Print(IReadOnlyList<ModelRow> rows)
    {
        foreach (string engine in rows.SelectMany(r => r.Engines).Distinct(StringComparer.Ordinal))
        {
            Console.WriteLine(engine);
        }

        Console.WriteLine("| type | prompt, tokens/s: ours | llama.cpp | ratio | decode, tokens/s: ours | llama.cpp | ratio | open, s | MB | logits differ by | same token |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (ModelRow row in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {row.Type}, llama.cpp's dense {row.PeerDense} | {Speed(row.Prompt)} | {Speed(row.Decode)} | {row.Open.Ours / 1000:F1}, {row.Open.Peer / 1000:F1} | {row.Megabytes.Ours:F0}, {row.Megabytes.Peer:F0} | {row.LogitDifference:P1} | {(row.SameToken ? "yes" : "no")} |"));
        }
    }

    private static string Speed(Figure figure) => string.Create(CultureInfo.InvariantCulture, $"{figure.Ours:F1} | {figure.Peer:F1} | {figure.Ratio:F2}");
}
