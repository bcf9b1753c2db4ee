using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Training loss by step, and the held-out loss where it was measured.</summary>
internal static class LossCurves
{
    private const int MostPoints = 200;

    public static ReportChart? Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => r.History.Count > 0)];
        if (rows.Length == 0)
        {
            return null;
        }

        JsonArray data = [];
        Csv csv = new("row", "step", "train loss (nats/token)", "held-out loss (nats/token)");
        List<double> late = [];
        foreach (CompareRow row in rows)
        {
            foreach (HistoryPoint p in row.History)
            {
                csv.Add([row.Name], [p.Step, p.Loss, p.TestLoss ?? double.NaN]);
            }

            IReadOnlyList<HistoryPoint[]> bins = Binned.Of(row.History, MostPoints);
            double[] losses = [.. bins.Select(b => Binned.Mean(b.Select(p => p.Loss)))];
            late.AddRange(losses.Skip(losses.Length / 6));
            data.Add(Train(result, row, bins, losses));
            HistoryPoint[] heldOut = [.. row.History.Where(p => p.TestLoss is not null)];
            late.AddRange(heldOut.Skip(heldOut.Length > 2 ? 1 : 0).Select(p => p.TestLoss!.Value));
            if (heldOut.Length > 0)
            {
                data.Add(HeldOut(result, row, heldOut));
            }
        }

        (double low, double high) = Plot.Padded(late);
        return new ReportChart
        {
            Id = "loss",
            Title = "Loss while training",
            Lead = Lead(result, rows),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = [new ChartView(data)],
            Layout = new JsonObject { ["xaxis"] = Plot.Axis("step"), ["yaxis"] = Plot.Axis("loss (nats per token)", low, high), ["meta"] = new JsonObject { ["fit"] = "late" } },
            Csv = csv.ToString(),
        };
    }

    private static JsonObject Train(CompareResult result, CompareRow row, IReadOnlyList<HistoryPoint[]> bins, double[] losses)
    {
        JsonObject trace = Plot.RowTrace(result, row, "lines");
        trace["x"] = Plot.Numbers(bins.Select(b => (double)b[^1].Step));
        trace["y"] = Plot.Numbers(losses);
        trace["hovertemplate"] = "train, step %{x}: %{y:.4f}";
        return trace;
    }

    private static JsonObject HeldOut(CompareResult result, CompareRow row, HistoryPoint[] points)
    {
        JsonObject trace = Plot.RowTrace(result, row, "markers");
        trace["x"] = Plot.Numbers(points.Select(p => (double)p.Step));
        trace["y"] = Plot.Numbers(points.Select(p => p.TestLoss!.Value));
        trace["showlegend"] = false;
        trace["hovertemplate"] = "held out, step %{x}: %{y:.4f}";
        return trace;
    }

    private static Markup Lead(CompareResult result, CompareRow[] rows)
    {
        int length = Binned.Length(result, MostPoints);
        Markup points = length == 1
            ? Markup.Of($"Lines: training loss of each logged step.")
            : Markup.Of($"Lines: training loss, each point the mean of {length} logged steps.");
        Markup marks = rows.Any(r => r.History.Any(p => p.TestLoss is not null)) ? Markup.Of($" Marks: held-out loss.") : Markup.Empty;
        return Markup.Of($"{points}{marks} {Spread(rows)} The first steps lie above the frame<span class=\"no-print\">; double-click to see them</span>.");
    }

    private static Markup Spread(CompareRow[] rows)
    {
        CompareRow[] ended = [.. rows.Where(r => double.IsFinite(r.TrainLoss)).OrderBy(r => r.TrainLoss)];
        return ended.Length switch
        {
            0 => Markup.Of($"No row ended with a finite loss."),
            1 => Markup.Of($"It ends at {Figures.Fixed(ended[0].TrainLoss, 3)} nats a token."),
            _ => Markup.Of($"Training ends between {Figures.Fixed(ended[0].TrainLoss, 3)} ({Markup.Code(ended[0].Name)}) and {Figures.Fixed(ended[^1].TrainLoss, 3)} nats ({Markup.Code(ended[^1].Name)})."),
        };
    }
}
