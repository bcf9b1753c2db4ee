using System.Globalization;

namespace Switchyard.Peers.Layers;

/// <summary>Prints rows and ratios as tables.</summary>
internal static class LayerTable
{
    /// <summary>Prints.</summary>
    public static void Print(IReadOnlyList<LayerRow> rows, IReadOnlyList<int> tokens)
    {
        string columns = string.Join(" | ", tokens.Select(t => $"T = {t}"));
        string line = string.Concat(Enumerable.Repeat("---|", tokens.Count));
        foreach (IGrouping<string, LayerRow> shape in rows.GroupBy(r => r.Shape))
        {
            Console.WriteLine($"\n## {shape.Key}: milliseconds\n\n| weights | who | largest error | {columns} |\n|---|---|---|{line}");
            foreach (var who in shape.GroupBy(r => (r.Weights, r.Name)).OrderBy(w => w.Key.Weights))
            {
                string wrong = who.All(r => r.IsRight) ? string.Empty : " WRONG";
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {Lower(who.Key.Weights)} | {who.Key.Name} | {who.Max(r => r.Error):E1}{wrong} | {Cells(tokens, t => who.FirstOrDefault(r => r.Tokens == t) is { } row ? Short(row.Milliseconds) : string.Empty)} |"));
            }
        }

        LayerRatio[] ratios = [.. LayerRatio.Of(rows)];
        Console.WriteLine($"\n## Ratios: the fastest peer with weights of the same type or a wider one, its time ÷ ours\n\n| weights | shape | {columns} |\n|---|---|{line}");
        foreach (var cell in ratios.GroupBy(r => (r.Weights, r.Shape)).OrderBy(c => c.Key.Weights))
        {
            Console.WriteLine($"| {Lower(cell.Key.Weights)} | {cell.Key.Shape} | {Cells(tokens, t => cell.FirstOrDefault(r => r.Tokens == t) is { } r ? string.Create(CultureInfo.InvariantCulture, $"{r.Ratio:F2} ({r.Peer}{(r.PeerWeights == r.Weights ? string.Empty : " " + Lower(r.PeerWeights))})") : string.Empty)} |");
        }
    }

    private static string Cells(IEnumerable<int> tokens, Func<int, string> cell) => string.Join(" | ", tokens.Select(cell));

    private static string Lower(WeightKind kind) => kind.ToString().ToLowerInvariant();

    private static string Short(double milliseconds) => milliseconds.ToString(milliseconds < 1 ? "F3" : milliseconds < 100 ? "F2" : "F0", CultureInfo.InvariantCulture);
}
