using System.Text.Json.Nodes;
using Switchyard.Metrics;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Hit rates of an expert cache by its size, under three replacement policies.</summary>
internal static class CacheCurves
{
    /// <summary>The policies, in the order of the legend.</summary>
    public static IReadOnlyList<string> Policies { get; } = ["LRU", "LFU", "optimum (Belady)"];

    public static ReportChart? Of(IReadOnlyList<ProfileResult> profiles, IReadOnlyList<LegendEntry> entries)
    {
        ProfileResult first = profiles[0];
        if (first.CacheCurve.Requests == 0)
        {
            return null;
        }

        (string Name, IReadOnlyList<OrderResult?> Orders)[] choices = [.. LayerViews.Choices(profiles)];
        CachePoint half = first.CacheCurve.Points.FirstOrDefault(p => 2 * p.Slots >= first.CacheCurve.Slots);
        Csv csv = new("profile", "layers", "slots", "LRU (%)", "LFU (%)", "optimum (%)");
        List<ChartView> views = [];
        for (int i = 0; i < profiles.Count; i++)
        {
            foreach ((string name, IReadOnlyList<OrderResult?> orders) in choices)
            {
                CacheResult? curve = orders[i]?.CacheCurve;
                views.Add(new ChartView(curve is null ? [] : Lines(curve, entries, profiles.Count)));
                foreach (CachePoint point in curve?.Points ?? [])
                {
                    csv.Add([entries[i].Name, name], [point.Slots, 100 * point.Lru, 100 * point.Lfu, 100 * point.Belady]);
                }
            }
        }

        return new ReportChart
        {
            Id = "cache",
            Title = "Hits of an expert cache",
            Lead = Markup.Of($"One cache for the experts of all layers, or one of a layer; requests token by token. Half of the {Figures.Count(first.CacheCurve.Slots)} slots of {Markup.Code(first.Model.Name)} hit {Figures.Percent(half.Lru)} with LRU, {Figures.Percent(half.Lfu)} with LFU; no policy surpasses {Figures.Percent(half.Belady)}."),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = views,
            Selectors = profiles.Count == 1 ? [LayerViews.Selector(first)] : [new ChartSelector("Profile", [.. entries.Take(profiles.Count).Select(e => e.Name)]), LayerViews.Selector(first)],
            Layout = new JsonObject { ["xaxis"] = Plot.Axis("experts in the cache (%)", 0, 100), ["yaxis"] = Plot.Axis("hit rate (%)", 0, 102) },
            Csv = csv.ToString(),
        };
    }

    private static JsonArray Lines(CacheResult curve, IReadOnlyList<LegendEntry> entries, int firstPolicy)
    {
        Func<CachePoint, double>[] rates = [p => p.Lru, p => p.Lfu, p => p.Belady];
        return
        [
            .. rates.Select((rate, i) =>
            {
                JsonObject line = Plot.Trace(Policies[i], entries[firstPolicy + i].Style, firstPolicy + i, "lines");
                line["x"] = Plot.Numbers(curve.Points.Select(p => 100.0 * p.Slots / curve.Slots));
                line["y"] = Plot.Numbers(curve.Points.Select(p => 100 * rate(p)));
                line["hovertemplate"] = "%{x:.0f} % of the experts: %{y:.1f} %";
                return line;
            }),
        ];
    }
}
