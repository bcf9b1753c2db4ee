using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Which experts share tokens, of a chosen profile and layer. Of many large layers, the sickest.</summary>
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

        Csv csv = new(["profile", "layer", "expert", .. Enumerable.Range(0, first.Model.Experts).Select(e => $"with {e} (%)")]);
        List<(string Name, ProfileResult Profile, CoActivationResult Sharing, double[][] Shares)> maps = [];
        for (int i = 0; i < profiles.Count; i++)
        {
            foreach (int layer in layers)
            {
                CoActivationResult sharing = profiles[i].CoActivation.First(c => c.Layer == layer);
                double[][] shares = Shares(sharing, profiles[i].Layers.First(l => l.Layer == layer));
                maps.Add((entries[i].Name, profiles[i], sharing, shares));
                for (int e = 0; e < shares.Length; e++)
                {
                    csv.Add([entries[i].Name, $"layer {layer}"], [e, .. shares[e].Select(s => Math.Round(100 * s, 2))]);
                }
            }
        }

        double ceiling = maps.SelectMany(m => m.Shares).SelectMany(s => s).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        ChartSelector chosen = new("Layer", [.. layers.Select(l => $"layer {l}")]);
        return new ReportChart
        {
            Id = "co-activation",
            Title = "Experts that share tokens",
            Lead = Markup.Of($"Of the tokens that use the expert of the line, the share that uses the expert of the column as well. Strong columns are busy experts; a strong pair in a weak column belongs together.{(layers.Length < first.Layers.Count ? $" Of {first.Layers.Count} layers, the {layers.Length} that look worst." : string.Empty)}"),
            Legend = ChartLegend.Share,
            LegendTitle = "share of the line’s tokens",
            LegendMaximum = ceiling,
            Half = true,
            Views = [.. maps.Select(m => View(m.Sharing, m.Shares, ceiling))],
            Selectors = profiles.Count == 1 ? [chosen] : [new ChartSelector("Profile", [.. entries.Take(profiles.Count).Select(e => e.Name)]), chosen],
            Layout = new JsonObject { ["xaxis"] = Axis("with expert"), ["yaxis"] = Reversed("expert") },
            Csv = csv.ToString(),
            Height = 440,
        };
    }

    private static double[][] Shares(CoActivationResult sharing, ProfileLayer layer) =>
        [.. sharing.Tokens.Select((row, a) => row.Select((n, b) => a == b || layer.Load[a] == 0 ? double.NaN : (double)n / layer.Load[a]).ToArray())];

    private static ChartView View(CoActivationResult sharing, double[][] shares, double ceiling)
    {
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
}
