using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Line charts of the order of choices: a view of all layers together and one of each layer, a line a profile, what would be expected dotted.</summary>
internal static class LayerViews
{
    public static ChartSelector Selector(ProfileResult result) =>
        new("Layers", ["all", .. Layers(result).Select(l => FormattableString.Invariant($"layer {l.Layer}"))]);

    /// <summary>The views, in the order of <see cref="Selector"/>.</summary>
    /// <param name="profiles">The profiles; the first names the layers.</param>
    /// <param name="entries">Their lines in the legend.</param>
    /// <param name="points">The points of a line.</param>
    /// <param name="hover">What plotly.js says of a point.</param>
    public static IReadOnlyList<ChartView> Of(IReadOnlyList<ProfileResult> profiles, IReadOnlyList<LegendEntry> entries, Func<OrderResult, IEnumerable<ChartPoint>> points, string hover) =>
        [.. Choices(profiles).Select(c => new ChartView([.. c.Orders.SelectMany((o, i) => o is null ? [] : Lines([.. points(o)], entries[i], i, hover))]))];

    public static string Text(IReadOnlyList<ProfileResult> profiles, IReadOnlyList<LegendEntry> entries, Func<OrderResult, IEnumerable<ChartPoint>> points, string x, string y, string expected)
    {
        Csv csv = new("profile", "layers", x, y, expected);
        foreach ((string name, IReadOnlyList<OrderResult?> orders) in Choices(profiles))
        {
            for (int i = 0; i < orders.Count; i++)
            {
                foreach (ChartPoint point in orders[i] is { } order ? points(order) : [])
                {
                    csv.Add([entries[i].Name, name], [point.X, point.Y, point.Expected]);
                }
            }
        }

        return csv.ToString();
    }

    /// <summary>The metrics of the order of a whole profile.</summary>
    public static OrderResult Whole(ProfileResult profile) => new()
    {
        Tokens = profile.OrderTokens,
        Locality = profile.Locality,
        WorkingSet = profile.WorkingSet,
        Coverage = profile.Coverage,
        CacheCurve = profile.CacheCurve,
    };

    /// <summary>All layers together, then each layer of the first profile, in every profile that has it.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<OrderResult?> Orders)> Choices(IReadOnlyList<ProfileResult> profiles) =>
        Layers(profiles[0])
            .Select(layer => (FormattableString.Invariant($"layer {layer.Layer}"), (IReadOnlyList<OrderResult?>)[.. profiles.Select(p => p.Layers.FirstOrDefault(l => l.Layer == layer.Layer)?.Order)]))
            .Prepend(("all", [.. profiles.Select(Whole)]));

    private static IEnumerable<ProfileLayer> Layers(ProfileResult result) => result.Layers.Where(l => l.Order is not null);

    private static IEnumerable<JsonNode?> Lines(IReadOnlyList<ChartPoint> points, LegendEntry entry, int row, string hover)
    {
        JsonObject line = Plot.Trace(entry.Name, entry.Style, row, "lines+markers");
        line["marker"]!["size"] = 6;
        line["x"] = Plot.Numbers(points.Select(p => p.X));
        line["y"] = Plot.Numbers(points.Select(p => p.Y));
        line["hovertemplate"] = hover;
        yield return Expected(points.Select(p => p.X), points.Select(p => p.Expected));
        yield return line;
    }

    /// <summary>A dotted line of what would be expected.</summary>
    public static JsonObject Expected(IEnumerable<double> x, IEnumerable<double> y) => new()
    {
        ["type"] = "scatter",
        ["mode"] = "lines",
        ["name"] = "expected",
        ["meta"] = new JsonObject { ["role"] = "reference" },
        ["x"] = Plot.Numbers(x),
        ["y"] = Plot.Numbers(y),
        ["hoverinfo"] = "skip",
    };
}
