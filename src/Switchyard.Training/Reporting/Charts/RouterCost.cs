using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Time and parameters of each row's routers.</summary>
internal static class RouterCost
{
    public static ReportChart? Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => double.IsFinite(r.RouterMicrosecondsPerToken))];
        if (rows.Length == 0)
        {
            return null;
        }

        Csv csv = new("row", "router time (µs per token and layer)", "router parameters");
        foreach (CompareRow row in rows)
        {
            csv.Add([row.Name], [row.RouterMicrosecondsPerToken, row.RouterParameters]);
        }

        return BarPanels.Of(
            [.. rows.Select(r => r.Name)],
            [
                new BarPanel("router time", "time (µs per token and layer)", [.. rows.Select(r => r.RouterMicrosecondsPerToken)], Figures.Significant, "%{x:.3f} µs per token and layer"),
                new BarPanel("router parameters", "parameters of all routers", [.. rows.Select(r => (double)r.RouterParameters)], Figures.Short, "%{x:,} parameters"),
            ]) with
        {
            Id = "router-cost",
            Title = "What the router itself costs",
            Lead = Lead(rows),
            Csv = csv.ToString(),
        };
    }

    private static Markup Lead(CompareRow[] rows)
    {
        CompareRow cheapest = rows.MinBy(r => r.RouterMicrosecondsPerToken)!;
        CompareRow dearest = rows.MaxBy(r => r.RouterMicrosecondsPerToken)!;
        Markup what = Markup.Of($"Router, selector and plan of one layer, in inference.");
        return ReferenceEquals(cheapest, dearest) || cheapest.RouterMicrosecondsPerToken <= 0
            ? Markup.Of($"{what} {Markup.Code(dearest.Name)} takes {Figures.Significant(dearest.RouterMicrosecondsPerToken)} µs a token.")
            : Markup.Of($"{what} {Markup.Code(cheapest.Name)} takes {Figures.Significant(cheapest.RouterMicrosecondsPerToken)} µs a token, {Markup.Code(dearest.Name)} {Figures.Significant(dearest.RouterMicrosecondsPerToken)} µs, {Figures.Times(dearest.RouterMicrosecondsPerToken / cheapest.RouterMicrosecondsPerToken)} as much.");
    }
}
