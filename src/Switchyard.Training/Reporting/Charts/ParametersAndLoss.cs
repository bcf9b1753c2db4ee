using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Loss against the parameters of all routers: one point a row.</summary>
internal static class ParametersAndLoss
{
    public static ReportChart? Of(CharacterizedRows rows)
    {
        (CompareRow Compared, CharacterizeRow Row)[] known = [.. rows.All.Where(r => double.IsFinite(r.Row.Loss))];
        if (known.Length < 2)
        {
            return null;
        }

        JsonArray data = [];
        Csv csv = new("row", "parameters of all routers", "parameters a layer", "loss (nats per token)");
        foreach ((CompareRow compared, CharacterizeRow row) in known)
        {
            JsonObject point = Plot.RowTrace(rows.Compared, compared, "markers");
            point["x"] = Plot.Numbers([row.RouterParameters], 9);
            point["y"] = Plot.Numbers([row.Loss]);
            point["marker"]!["size"] = 11;
            point["hovertemplate"] = "%{x:,} parameters, loss %{y:.4f}";
            data.Add(point);
            csv.Add([row.Name], [row.RouterParameters, row.LayerRouterParameters, row.Loss]);
        }

        double most = known.Max(r => (double)r.Row.RouterParameters);
        (double low, double high) = Plot.Padded(known.Where(r => r.Row.RouterParameters > 0).Select(r => r.Row.Loss));
        Markup[] above = [.. known.Where(r => r.Row.Loss > high).Select(r => Markup.Of($"{Markup.Code(r.Row.Name)} {Figures.Fixed(r.Row.Loss, 4)}"))];
        return new ReportChart
        {
            Id = "parameters",
            Title = "Loss against parameters",
            Lead = above.Length == 0 ? Lead([.. known.Select(r => r.Row)]) : Markup.Of($"{Lead([.. known.Select(r => r.Row)])} Above the frame: {Markup.List(above)}."),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = [new ChartView(data)],
            Layout = new JsonObject { ["xaxis"] = Plot.Axis("parameters of all routers", -0.04 * most, 1.06 * most), ["yaxis"] = Plot.Axis("loss (nats per token)", low, high) },
            Csv = csv.ToString(),
        };
    }

    private static Markup Lead(CharacterizeRow[] rows)
    {
        CharacterizeRow best = rows.MinBy(r => r.Loss)!, large = rows.MaxBy(r => r.RouterParameters)!;
        Markup other = ReferenceEquals(best, large) ? Markup.Of($", which has the most") : Markup.Of($"; the most, {Figures.Short(large.RouterParameters)}, has {Markup.Code(large.Name)} at {Figures.Fixed(large.Loss, 4)}");
        return Markup.Of($"Left is smaller, down is better. The lowest loss, {Figures.Fixed(best.Loss, 4)}, takes the {Figures.Short(best.RouterParameters)} parameters of {Markup.Code(best.Name)}{other}.");
    }
}
