using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>What a comparison found, in words computed from its numbers.</summary>
internal static class Findings
{
    /// <summary>Gini up to which a load counts as even in the summary.</summary>
    public const double EvenGini = 0.1;

    /// <summary>Gini of a load that nobody would call uneven: the mark for balance without cost.</summary>
    public const double AimGini = 0.02;

    /// <summary>Min ÷ max of the same mark.</summary>
    public const double AimMinMax = 0.85;

    public static IReadOnlyList<Finding> Of(CompareResult result)
    {
        CompareRow[] rows = [.. result.Rows.Where(r => double.IsFinite(r.TestLoss) && RowCaveats.Of(r) is null)];
        CompareRow? baseline = Baseline.Of(result);
        List<Finding?> findings = rows.Length switch
        {
            0 => [],
            1 => [Alone(rows[0])],
            _ => [Lowest(rows, baseline), MostEven(rows, baseline), Cost(rows, baseline), .. Lpr(rows, baseline), Free(rows, baseline), Floor(rows)],
        };
        findings.AddRange(Trouble(result));
        findings.Add(Seeds(result));
        return [.. findings.OfType<Finding>()];
    }

    private static Finding Alone(CompareRow row) => new(
        "The run",
        Markup.Of($"{Markup.Code(row.Name)} reaches a held-out loss of {Loss(row.TestLoss)} nats a token (perplexity {Figures.Fixed(row.Perplexity, 2)}) after {Figures.Short(row.Tokens)} tokens, with a load of Gini {Figures.Ratio(row.Gini)}: its least used expert carries {Figures.Ratio(row.MinMax)} of what the busiest does."));

    private static Finding Lowest(CompareRow[] rows, CompareRow? baseline)
    {
        CompareRow[] order = [.. rows.OrderBy(r => r.TestLoss)];
        CompareRow best = order[0];
        Markup head = Markup.Of($"{Markup.Code(best.Name)} has the lowest held-out loss, {Loss(best.TestLoss)} nats a token (perplexity {Figures.Fixed(best.Perplexity, 2)})");
        double lead = order[1].TestLoss - best.TestLoss;
        Markup next = Markup.Of($"{Markup.Code(order[1].Name)} follows {Loss(lead)} behind{WithinSpread(best, order[1])}.");
        Markup text = baseline is null || ReferenceEquals(best, baseline)
            ? Markup.Of($"{head}. {next}")
            : ReferenceEquals(order[1], baseline)
                ? Markup.Of($"{head}, {Loss(lead)} below {Markup.Code(baseline.Name)}, which comes second{WithinSpread(best, baseline)}.")
                : Markup.Of($"{head}, {Loss(baseline.TestLoss - best.TestLoss)} below {Markup.Code(baseline.Name)}. {next}");
        return new Finding("Lowest loss", text);
    }

    private static Finding? MostEven(CompareRow[] rows, CompareRow? baseline)
    {
        CompareRow[] known = [.. rows.Where(r => double.IsFinite(r.Gini))];
        if (known.Length == 0)
        {
            return null;
        }

        CompareRow best = known.MinBy(r => r.Gini)!;
        CompareRow? learned = best.RouterParameters > 0 ? null : known.Where(r => r.RouterParameters > 0).MinBy(r => r.Gini);
        Markup learner = learned is null ? Markup.Empty : Markup.Of($" Of the routers that learn it is {Markup.Code(learned.Name)}: Gini {Figures.Ratio(learned.Gini)} and {Figures.Ratio(learned.MinMax)}.");
        Markup beside = baseline is null || ReferenceEquals(best, baseline)
            ? Markup.Empty
            : Markup.Of($" {Markup.Code(baseline.Name)} without balancing: Gini {Figures.Ratio(baseline.Gini)} and {Figures.Ratio(baseline.MinMax)}.");
        return new Finding(
            "Most even",
            Markup.Of($"{Markup.Code(best.Name)} spreads the load most evenly: Gini {Figures.Ratio(best.Gini)}; its least used expert carries {Figures.Ratio(best.MinMax)} of what the busiest does.{learner}{beside}"));
    }

    private static Finding? Cost(CompareRow[] rows, CompareRow? baseline)
    {
        if (baseline is null)
        {
            return null;
        }

        CompareRow[] even = [.. rows.Where(r => r.Gini <= EvenGini && r.RouterParameters > 0 && !ReferenceEquals(r, baseline)).OrderBy(r => r.TestLoss)];
        if (even.Length == 0)
        {
            return new Finding("What balance costs", Markup.Of($"No other router that learns is at Gini {EvenGini} or below, so these numbers do not price balance."));
        }

        Markup list = Markup.List([.. even.Select(r => Markup.Of($"{Markup.Code(r.Name)} <b>{Figures.Signed(r.TestLoss - baseline.TestLoss, 4)}</b>"))]);
        return new Finding(
            "What balance costs",
            Markup.Of($"Held-out loss beside {Markup.Code(baseline.Name)} without balancing ({Loss(baseline.TestLoss)}), in nats a token, of the learned routers with Gini at or below {EvenGini}: {list}."));
    }

    private static IEnumerable<Finding> Lpr(CompareRow[] rows, CompareRow? baseline)
    {
        if (baseline is null)
        {
            yield break;
        }

        foreach (CompareRow row in rows.Where(r => r.Router == "lpr"))
        {
            double cost = row.TestLoss - baseline.TestLoss;
            Markup price = cost > 0 ? Markup.Of($"loses {Loss(cost)} nats a token") : Markup.Of($"gains {Loss(-cost)} nats a token");
            Markup way = row.Gini < baseline.Gini ? Markup.Of($"brings the Gini from {Figures.Ratio(baseline.Gini)} to {Figures.Ratio(row.Gini)}") : Markup.Of($"does not even the load (Gini {Figures.Ratio(row.Gini)} against {Figures.Ratio(baseline.Gini)})");
            yield return new Finding("Latent prototypes", Markup.Of($"{Markup.Code(row.Name)} {way} and {price}{WithinSpread(row, baseline)}."));
        }
    }

    private static Finding? Free(CompareRow[] rows, CompareRow? baseline)
    {
        if (baseline is null)
        {
            return null;
        }

        CompareRow[] free = [.. rows.Where(r => r.Gini <= AimGini && r.MinMax >= AimMinMax && r.TestLoss <= baseline.TestLoss)];
        string mark = FormattableString.Invariant($"Gini ≤ {AimGini} and min ÷ max ≥ {AimMinMax}");
        return new Finding("Balance for free", free.Length == 0
            ? Markup.Of($"No row reaches {mark} at a loss no higher than that of {Markup.Code(baseline.Name)}.")
            : Markup.Of($"At {mark}, and a loss no higher than that of {Markup.Code(baseline.Name)}: {Markup.List([.. free.Select(r => Markup.Code(r.Name))])}."));
    }

    private static Finding? Floor(CompareRow[] rows)
    {
        CompareRow? floor = rows.FirstOrDefault(r => r.Router == "random");
        CompareRow best = rows.MinBy(r => r.TestLoss)!;
        return floor is null || ReferenceEquals(floor, best)
            ? null
            : new Finding("The floor", Markup.Of($"Routing at random costs {Loss(floor.TestLoss - best.TestLoss)} nats a token beside the best row: that is what routing is worth here."));
    }

    private static IEnumerable<Finding> Trouble(CompareResult result)
    {
        Markup[] idle = [.. result.Rows.Where(r => r.Utilisation < 0.9995).Select(r => Markup.Of($"{Markup.Code(r.Name)} uses {Figures.Percent(r.Utilisation)}"))];
        if (idle.Length > 0)
        {
            yield return new Finding("Idle experts", Markup.Of($"Some experts never get a token of the held-out text: {Markup.List(idle)}."));
        }

        Markup[] dropped = [.. result.Rows.Where(r => r.DropRate > 0).Select(r => Markup.Of($"{Markup.Code(r.Name)} {Figures.Percent(r.DropRate)}"))];
        if (dropped.Length > 0)
        {
            yield return new Finding("Dropped", Markup.Of($"Share of pairs beyond an expert's capacity: {Markup.List(dropped)}."));
        }

        Markup[] apart = [.. result.Rows.Where(r => RowCaveats.Of(r) is not null).Select(r => Markup.Of($"{Markup.Code(r.Name)} {RowCaveats.Of(r)!}"))];
        if (apart.Length > 0)
        {
            yield return new Finding("Apart", Markup.Of($"{Markup.List(apart)}."));
        }

        Markup[] broken = [.. result.Rows.Where(r => !double.IsFinite(r.TestLoss)).Select(r => Markup.Code(r.Name))];
        if (broken.Length > 0)
        {
            yield return new Finding("Diverged", Markup.Of($"Without a finite held-out loss: {Markup.List(broken)}."));
        }

        Markup[] skipped = [.. result.Rows.Where(r => r.SkippedSteps > 0).Select(r => Markup.Of($"{Markup.Code(r.Name)} {r.SkippedSteps}"))];
        if (skipped.Length > 0)
        {
            yield return new Finding("Skipped steps", Markup.Of($"Steps left out because a loss or gradient was not finite: {Markup.List(skipped)}."));
        }
    }

    private static Finding? Seeds(CompareResult result)
    {
        if (result.Rows.Count < 2)
        {
            return null;
        }

        int seeds = result.Model.Seeds.Count;
        return new Finding("How sure", seeds > 1
            ? Markup.Of($"Figures are means over {seeds} seeds, ± the standard deviation between them; all rows of a seed share their batches and initial weights.")
            : Markup.Of($"One seed. All rows share their batches and initial weights, yet differences of a few thousandths of a nat may be chance: <code>--seeds 3</code> shows the spread."));
    }

    /// <summary>A remark where the deviations over seeds are larger than the difference.</summary>
    private static Markup WithinSpread(CompareRow a, CompareRow b) =>
        a.Deviation.TryGetValue("testLoss", out double da) && b.Deviation.TryGetValue("testLoss", out double db) && Math.Abs(a.TestLoss - b.TestLoss) <= Math.Sqrt((da * da) + (db * db))
            ? Markup.Of($" (within the spread of the seeds)")
            : Markup.Empty;

    private static string Loss(double value) => Figures.Fixed(value, 4);
}
