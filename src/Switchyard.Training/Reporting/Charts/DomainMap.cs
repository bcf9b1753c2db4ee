using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Which experts a domain's text goes to, of a chosen row and layer. Many domains: those of most traffic, and the rest together.</summary>
internal static class DomainMap
{
    private const int MostDomains = 20;

    public static ReportChart? Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => r.Layers.Count > 0 && r.Layers.All(l => l.DomainLoad.Count > 0))];
        if (rows.Length == 0 || result.Corpus.Domains.Count == 0)
        {
            return null;
        }

        IReadOnlyList<Group> groups = Groups(result, rows[0].Layers[0]);
        int layers = rows.Min(r => r.Layers.Count);
        int experts = rows.Max(r => r.Layers.Max(l => l.DomainLoad.Max(d => d.Count)));
        List<(CompareRow Row, LayerResult Layer, double[][] Shares)> maps = [];
        Csv csv = new(["row", "layer", "domain", .. Enumerable.Range(0, experts).Select(e => $"expert {e} (% of the domain's pairs)")]);
        foreach (CompareRow row in rows)
        {
            foreach (LayerResult layer in row.Layers.Take(layers))
            {
                double[][] shares = [.. groups.Select(g => g.Shares(layer))];
                maps.Add((row, layer, shares));
                for (int g = 0; g < groups.Count; g++)
                {
                    csv.Add([row.Name, FormattableString.Invariant($"layer {layer.Layer}"), groups[g].Name], shares[g].Select(s => Math.Round(100 * s, 2)));
                }
            }
        }

        double ceiling = maps.SelectMany(m => m.Shares).SelectMany(s => s).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        return new ReportChart
        {
            Id = "domains",
            Title = "Experts and domains",
            Lead = Markup.Of($"Each line is a domain of the text, the one with most traffic on top: the share of its pairs that each expert gets. Lines that look alike mean that the experts do not care for domains. {Grouped(result, groups)}"),
            Legend = ChartLegend.Share,
            LegendMaximum = ceiling,
            Views = [.. maps.Select(m => View(m.Row, m.Layer, groups, m.Shares, ceiling))],
            Selectors =
            [
                .. rows.Length == 1 ? [] : new[] { new ChartSelector("Row", [.. rows.Select(r => r.Name)]) },
                new ChartSelector("Layer", [.. rows[0].Layers.Take(layers).Select(l => FormattableString.Invariant($"layer {l.Layer}"))]),
            ],
            Layout = new JsonObject
            {
                ["xaxis"] = Quiet("expert"),
                ["yaxis"] = new JsonObject { ["type"] = "category", ["autorange"] = "reversed", ["showgrid"] = false, ["title"] = new JsonObject { ["text"] = "domain" }, ["meta"] = "names" },
            },
            Csv = csv.ToString(),
            Height = Math.Clamp(90 + (groups.Count * 21), 220, 620),
        };
    }

    private static JsonObject Quiet(string title)
    {
        JsonObject axis = Plot.Axis(title);
        axis["showgrid"] = false;
        axis["zeroline"] = false;
        return axis;
    }

    private static Markup Grouped(CompareResult result, IReadOnlyList<Group> groups) =>
        result.Corpus.Domains.Count > groups.Count ? Markup.Of($"Of {result.Corpus.Domains.Count} domains the {groups.Count - 1} largest are shown, the rest together.") : Markup.Empty;

    private static List<Group> Groups(CompareResult result, LayerResult layer)
    {
        int count = Math.Min(result.Corpus.Domains.Count, layer.DomainLoad.Count);
        int[] order = [.. Enumerable.Range(0, count).OrderByDescending(d => layer.DomainLoad[d].Sum())];
        int shown = count <= MostDomains + 1 ? count : MostDomains;
        List<Group> groups = [.. order.Take(shown).Select(d => new Group(result.Corpus.Domains[d], [d]))];
        if (shown < count)
        {
            groups.Add(new Group(FormattableString.Invariant($"{count - shown} others"), [.. order.Skip(shown)]));
        }

        return groups;
    }

    private static ChartView View(CompareRow row, LayerResult layer, IReadOnlyList<Group> groups, double[][] shares, double ceiling)
    {
        int experts = shares.Max(s => s.Length);
        JsonObject map = Plot.HeatMap(
            "share",
            Plot.Numbers(Enumerable.Range(0, experts).Select(e => (double)e)),
            Plot.Labels(groups.Select(g => g.Name)),
            shares,
            ceiling,
            "%{y}, expert %{x}: %{z:.1%} of the domain");
        map["xgap"] = experts <= 64 ? 1 : 0;
        map["ygap"] = 1;
        return new ChartView([map], Note(row, layer, groups, shares));
    }

    private static Markup Note(CompareRow row, LayerResult layer, IReadOnlyList<Group> groups, double[][] shares)
    {
        double total = layer.Load.Sum();
        (int Group, int Expert, double Share, double Lift)[] cells =
        [
            .. shares.SelectMany((line, g) => line.Select((s, e) => (g, e, s, e < layer.Load.Count && layer.Load[e] > 0 ? s / (layer.Load[e] / total) : double.NaN)))
                .Where(c => double.IsFinite(c.Item4)),
        ];
        if (cells.Length == 0)
        {
            return Markup.Empty;
        }

        (int Group, int Expert, double Share, double Lift) top = cells.MaxBy(c => c.Lift);
        return Markup.Of($"{Markup.Code(row.Name)}, layer {layer.Layer}: knowing the expert tells {Figures.Percent(layer.Specialisation)} of what the domain is ({Figures.Fixed(layer.SpecialisationNats, 3)} nats). The strongest lean: {Markup.Code(groups[top.Group].Name)} to expert {top.Expert}, {Figures.Percent(top.Share)} of its pairs, {Figures.Times(top.Lift)} that expert's share of all text.");
    }

    /// <summary>Domains that are shown as one.</summary>
    private sealed record Group(string Name, int[] Domains)
    {
        /// <summary>Share of the group's pairs by expert, NaN where it has none.</summary>
        public double[] Shares(LayerResult layer)
        {
            IReadOnlyList<long>[] loads = [.. Domains.Where(d => d < layer.DomainLoad.Count).Select(d => layer.DomainLoad[d])];
            int experts = layer.DomainLoad.Max(d => d.Count);
            double[] sums = [.. Enumerable.Range(0, experts).Select(e => (double)loads.Sum(l => e < l.Count ? l[e] : 0))];
            double total = sums.Sum();
            return [.. sums.Select(s => total > 0 ? s / total : double.NaN)];
        }
    }
}
