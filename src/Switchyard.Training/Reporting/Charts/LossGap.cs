using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Training loss less the baseline's at the same step. All rows see the same batches, so that what is common to them cancels and a difference of hundredths can be seen.</summary>
internal static class LossGap
{
    private const int MostPoints = 40;

    public static ReportChart? Of(CompareResult result)
    {
        if (Baseline.Of(result) is not { } baseline || result.Rows.Count < 2)
        {
            return null;
        }

        Dictionary<int, double> reference = [];
        foreach (HistoryPoint p in baseline.History)
        {
            reference[p.Step] = p.Loss;
        }

        JsonArray data = [];
        Csv csv = new("row", "step", "train loss less that of the baseline (nats/token)");
        List<double> late = [0];
        foreach (CompareRow row in result.Rows.Where(r => !ReferenceEquals(r, baseline)))
        {
            (int Step, double Gap)[] gaps = [.. row.History.Where(p => reference.ContainsKey(p.Step)).Select(p => (p.Step, p.Loss - reference[p.Step]))];
            if (gaps.Length < 2)
            {
                continue;
            }

            IReadOnlyList<(int Step, double Gap)[]> bins = Binned.Of(gaps, MostPoints);
            double[] means = [.. bins.Select(b => Binned.Mean(b.Select(g => g.Gap)))];
            late.AddRange(means.Skip(means.Length / 8));
            JsonObject trace = Plot.RowTrace(result, row, "lines");
            trace["x"] = Plot.Numbers(bins.Select(b => (double)b[^1].Step));
            trace["y"] = Plot.Numbers(means);
            trace["hovertemplate"] = "step %{x}: %{y:+.4f}";
            data.Add(trace);
            foreach ((int step, double gap) in gaps)
            {
                csv.Add([row.Name], [step, gap]);
            }
        }

        if (data.Count == 0)
        {
            return null;
        }

        (double low, double high) = Plot.Padded(late);
        return new ReportChart
        {
            Id = "loss-gap",
            Title = $"Loss beside {baseline.Name}",
            Lead = Markup.Of($"Training loss less that of {Markup.Code(baseline.Name)} on the same batches, so that the noise they share cancels. Above the line of 0 a row pays for its routing, below it gains."),
            Legend = ChartLegend.Rows,
            Half = true,
            Views = [new ChartView(data)],
            Layout = new JsonObject { ["xaxis"] = Plot.Axis("step"), ["yaxis"] = Plot.Axis("Δ loss (nats per token)", low, high), ["meta"] = new JsonObject { ["fit"] = "late", ["levelY"] = 0 } },
            Csv = csv.ToString(),
        };
    }
}
