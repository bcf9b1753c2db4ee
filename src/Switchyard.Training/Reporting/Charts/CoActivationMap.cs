using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Which experts share tokens, of a chosen profile or row and layer. Of many large layers, the sickest.</summary>
internal static class CoActivationMap
{
    private const int MostCells = 300_000;

    public static ReportChart? Of(IReadOnlyList<ProfileResult> profiles, IReadOnlyList<LegendEntry> entries)
    {
        ProfileResult first = profiles[0];
        int cells = first.Model.Experts * first.Model.Experts * profiles.Count;
        int most = Math.Max(1, MostCells / Math.Max(1, cells));
        int[] layers = [.. first.Diagnosis.Layers.Take(most).Select(d => d.Layer).Where(l => profiles.All(p => p.CoActivation.Any(c => c.Layer == l))).Order()];
        if (layers.Length == 0 || first.Model.TopK < 2)
        {
            return null;
        }

        List<Map> maps = [];
        for (int i = 0; i < profiles.Count; i++)
        {
            maps.AddRange(layers.Select(layer => Map.Of(entries[i].Name, profiles[i].CoActivation.First(c => c.Layer == layer), profiles[i].Layers.First(l => l.Layer == layer))));
        }

        ChartSelector chosen = new("Layer", [.. layers.Select(l => $"layer {l}")]);
        Markup some = layers.Length < first.Layers.Count ? Markup.Of($"Of {first.Layers.Count} layers, the {layers.Length} that look worst.") : Markup.Empty;
        return Chart("profile", maps, profiles.Count == 1 ? [chosen] : [new ChartSelector("Profile", [.. entries.Take(profiles.Count).Select(e => e.Name)]), chosen], some);
    }

    /// <summary>The same of the rows of a comparison, each by the layer whose load is the least even.</summary>
    public static ReportChart? Of(CompareResult result)
    {
        Map[] maps = [.. result.Rows.Where(r => r.CoActivation is not null).Select(r => Map.Of(r.Name, r.CoActivation!, r.Layers.First(l => l.Layer == r.CoActivation!.Layer)))];
        return maps.Length == 0 || result.Model.TopK < 2 ? null
            : Chart("row", maps, maps.Length == 1 ? [] : [new ChartSelector("Row", [.. maps.Select(m => m.Name)])], Markup.Of($"Of each row the layer whose load is the least even."));
    }

    private static ReportChart Chart(string what, IReadOnlyList<Map> maps, IReadOnlyList<ChartSelector> selectors, Markup some)
    {
        Csv csv = new([what, "layer", "expert", .. Enumerable.Range(0, maps[0].Shares.Length).Select(e => $"with {e} (%)")]);
        foreach (Map map in maps)
        {
            for (int e = 0; e < map.Shares.Length; e++)
            {
                csv.Add([map.Name, $"layer {map.Sharing.Layer}"], [e, .. map.Shares[e].Select(s => Math.Round(100 * s, 2))]);
            }
        }

        double ceiling = maps.SelectMany(m => m.Shares).SelectMany(s => s).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        return new ReportChart
        {
            Id = "co-activation",
            Title = "Experts that share tokens",
            Lead = Markup.Of($"Of the tokens that use the expert of the line, the share that uses the expert of the column as well. Strong columns are busy experts; a strong pair in a weak column belongs together. {some}"),
            Legend = ChartLegend.Share,
            LegendTitle = "share of the line’s tokens",
            LegendMaximum = ceiling,
            Half = true,
            Views = [.. maps.Select(m => View(m, ceiling))],
            Selectors = selectors,
            Layout = new JsonObject { ["xaxis"] = Axis("with expert"), ["yaxis"] = Reversed("expert") },
            Csv = csv.ToString(),
            Height = 440,
        };
    }

    private static ChartView View(Map drawn, double ceiling)
    {
        (CoActivationResult sharing, double[][] shares) = (drawn.Sharing, drawn.Shares);
        double[] experts = [.. Enumerable.Range(0, shares.Length).Select(e => (double)e)];
        JsonObject map = Plot.HeatMap("share", Plot.Numbers(experts), Plot.Numbers(experts), shares, ceiling, "%{z:.1%} of the tokens of expert %{y} use %{x} too");
        map["xgap"] = shares.Length <= 64 ? 1 : 0;
        map["ygap"] = shares.Length <= 64 ? 1 : 0;
        Markup note = sharing.Pairs.Count == 0
            ? Markup.Of($"No two experts share a token.")
            : Markup.Of($"Layer {sharing.Layer}: most alike are {sharing.Pairs[0].First} and {sharing.Pairs[0].Second}; {Figures.Percent(sharing.Pairs[0].Overlap)} of the tokens of either use both, {Figures.Percent(sharing.Pairs[0].Independent)} by chance.");
        return new ChartView([map], note);
    }

    private static JsonObject Axis(string title)
    {
        JsonObject axis = Plot.Axis(title);
        axis["showgrid"] = false;
        axis["zeroline"] = false;
        return axis;
    }

    private static JsonObject Reversed(string title)
    {
        JsonObject axis = Axis(title);
        axis["autorange"] = "reversed";
        return axis;
    }

    /// <summary>A map: the sharing, and as shares of the line's tokens.</summary>
    private sealed record Map(string Name, CoActivationResult Sharing, double[][] Shares)
    {
        public static Map Of(string name, CoActivationResult sharing, LayerResult layer) =>
            new(name, sharing, [.. sharing.Tokens.Select((row, a) => row.Select((n, b) => a == b || layer.Load[a] == 0 ? double.NaN : (double)n / layer.Load[a]).ToArray())]);
    }
}
