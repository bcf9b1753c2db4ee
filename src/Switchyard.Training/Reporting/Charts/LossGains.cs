using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Loss of each row with random routers, where training began, and after it.</summary>
internal static class LossGains
{
    public static ReportChart? Of(CharacterizedRows rows)
    {
        (CompareRow Compared, CharacterizeRow Row)[] put = [.. rows.All.Where(r => r.Row.Name != CharacterizeRow.Original && double.IsFinite(r.Row.Loss))];
        if (put.Length == 0)
        {
            return null;
        }

        JsonArray data = [];
        Csv csv = new("row", "random routers (nats per token)", "where training began (nats per token)", "after it (nats per token)");
        foreach ((CompareRow compared, CharacterizeRow row) in put)
        {
            JsonObject line = Plot.RowTrace(rows.Compared, compared, "lines+markers");
            line["x"] = Plot.Numbers([row.LossUntrained, row.LossAtStart, row.Loss]);
            line["y"] = Plot.Labels([row.Name, row.Name, row.Name]);
            line["marker"]!["size"] = new JsonArray(6, 9, 13);
            line["hovertemplate"] = "%{x:.4f} nats";
            data.Add(line);
            csv.Add([row.Name], [row.LossUntrained, row.LossAtStart, row.Loss]);
        }

        JsonObject axis = Plot.Axis("loss (nats per token)");
        JsonObject layout = new()
        {
            ["xaxis"] = axis,
            ["yaxis"] = new JsonObject { ["type"] = "category", ["autorange"] = "reversed", ["showgrid"] = false, ["dtick"] = 1 },
        };
        return new ReportChart
        {
            Id = "gains",
            Title = "What fitting and training give",
            Lead = Lead([.. put.Select(r => r.Row)]),
            Legend = ChartLegend.Rows,
            Views = [new ChartView(data)],
            Layout = layout,
            Csv = csv.ToString(),
            Height = 90 + (put.Length * 30),
        };
    }

    private static Markup Lead(CharacterizeRow[] rows)
    {
        CharacterizeRow most = rows.MaxBy(r => r.LossUntrained - r.Loss)!;
        return Markup.Of($"Marks grow from random routers over where training began to after it. {Markup.Code(most.Name)} gains most: {Figures.Fixed(most.LossUntrained, 4)}, {Figures.Fixed(most.LossAtStart, 4)}, {Figures.Fixed(most.Loss, 4)} nats.");
    }
}
