using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>What a characterisation found, in words computed from its numbers.</summary>
internal static class CharacterizeFindings
{
    /// <summary>A difference of loss that is not worth a word, nats.</summary>
    private const double Small = 0.005;

    public static IReadOnlyList<Finding> Of(CharacterizedRows rows)
    {
        CharacterizeRow[] put = [.. rows.Result.Rows.Where(r => r.Name != CharacterizeRow.Original && double.IsFinite(r.Loss))];
        List<Finding?> findings = [];
        if (put.Length > 0)
        {
            findings.AddRange([Loss(put, rows.Original), Tuning(put), Balance(put, rows.Original), Latency(put), Size(put), Sparsity(put, rows), Front(rows)]);
        }

        findings.AddRange(Trouble(rows.Result));
        return [.. findings.OfType<Finding>()];
    }

    private static Finding Loss(CharacterizeRow[] rows, CharacterizeRow? original)
    {
        CharacterizeRow best = rows.MinBy(r => r.Loss)!, worst = rows.MaxBy(r => r.Loss)!;
        Markup beside = original is null ? Markup.Empty : Markup.Of($", {Figures.Signed(best.Loss - original.Loss, 4)} beside the original’s {Nats(original.Loss)}");
        Markup last = ReferenceEquals(best, worst) ? Markup.Empty : Markup.Of($" {Markup.Code(worst.Name)} comes last, {Nats(worst.Loss - best.Loss)} behind.");
        CharacterizeRow[] near = [.. rows.Where(r => !ReferenceEquals(r, best) && r.Loss - best.Loss < Small).OrderBy(r => r.Loss)];
        Markup level = near.Length == 0 ? Markup.Empty : Markup.Of($" Within {Small} nats of it: {Names(near)}.");
        return new Finding("Lowest loss", Markup.Of($"After the same budget {Markup.Code(best.Name)} has the lowest loss, {Nats(best.Loss)} nats (perplexity {Figures.Fixed(best.Perplexity, 2)}){beside}.{level}{last}"));
    }

    private static Finding? Tuning(CharacterizeRow[] rows)
    {
        CharacterizeRow[] known = [.. rows.Where(r => double.IsFinite(r.LossUntrained))];
        if (known.Length == 0)
        {
            return null;
        }

        CharacterizeRow most = known.MaxBy(r => r.LossUntrained - r.Loss)!;
        CharacterizeRow untouched = known.MinBy(r => r.LossUntrained)!;
        return new Finding("What fine-tuning gives", Markup.Of($"Most to {Markup.Code(most.Name)}: from {Nats(most.LossUntrained)} nats with random routers to {Nats(most.Loss)}. Put in and left as it was made, {Markup.Code(untouched.Name)} does the least harm: {Nats(untouched.LossUntrained)}."));
    }

    private static Finding Balance(CharacterizeRow[] rows, CharacterizeRow? original)
    {
        CharacterizeRow even = rows.MinBy(r => r.Gini)!, uneven = rows.MaxBy(r => r.Gini)!;
        Markup was = original is null ? Markup.Empty : Markup.Of($" The original: {Figures.Ratio(original.Gini)}.");
        Markup other = ReferenceEquals(even, uneven) ? Markup.Empty : Markup.Of($", least evenly {Markup.Code(uneven.Name)} at {Figures.Ratio(uneven.Gini)}");
        CharacterizeRow? learned = even.RouterParameters > 0 ? null : rows.Where(r => r.RouterParameters > 0).MinBy(r => r.Gini);
        Markup learner = learned is null ? Markup.Empty : Markup.Of($" Of the routers that learn it is {Markup.Code(learned.Name)}, {Figures.Ratio(learned.Gini)}.");
        return new Finding("Balance", Markup.Of($"{Markup.Code(even.Name)} spreads the load most evenly, Gini {Figures.Ratio(even.Gini)}{other}.{learner}{was}"));
    }

    private static Finding? Latency(CharacterizeRow[] rows)
    {
        CharacterizeRow[] timed = [.. rows.Where(r => r.Latency.Count > 0)];
        if (timed.Length == 0)
        {
            return null;
        }

        int last = timed[0].Latency[^1].Tokens, first = timed[0].Latency[0].Tokens;
        CharacterizeRow fast = timed.MinBy(r => r.Latency[^1].Ratio)!, slow = timed.MaxBy(r => r.Latency[^1].Ratio)!;
        return new Finding("Latency", Markup.Of($"With {Figures.Count(last)} tokens at once {Markup.Code(slow.Name)} takes {Figures.Times(slow.Latency[^1].Ratio)} the time of the linear router, {Markup.Code(fast.Name)} {Figures.Times(fast.Latency[^1].Ratio)}. With {Figures.Count(first)} at once a token takes {Figures.Significant(timed.Min(r => r.Latency[0].MicrosecondsPerToken))} to {Figures.Significant(timed.Max(r => r.Latency[0].MicrosecondsPerToken))} µs."));
    }

    private static Finding? Size(CharacterizeRow[] rows)
    {
        CharacterizeRow[] learned = [.. rows.Where(r => r.RouterParameters > 0)];
        if (learned.Length < 2)
        {
            return null;
        }

        CharacterizeRow small = learned.MinBy(r => r.RouterParameters)!, large = learned.MaxBy(r => r.RouterParameters)!;
        double gain = small.Loss - large.Loss;
        Markup pay = Math.Abs(gain) < Small ? Markup.Of($"which changes the loss by less than {Small} nats") : gain > 0 ? Markup.Of($"for {Nats(gain)} nats less") : Markup.Of($"and loses {Nats(-gain)} nats");
        return new Finding("Parameters", Markup.Of($"{Markup.Code(large.Name)} has {Figures.Short(large.RouterParameters)} parameters, {Figures.Times((double)large.RouterParameters / small.RouterParameters)} those of {Markup.Code(small.Name)}, {pay}."));
    }

    private static Finding? Sparsity(CharacterizeRow[] rows, CharacterizedRows all)
    {
        CharacterizeRow[] known = [.. rows.Where(r => r.RouterParameters > 0 && double.IsFinite(r.Sparsity.Hoyer))];
        if (known.Length < 2)
        {
            return null;
        }

        CharacterizeRow sharp = known.MaxBy(r => r.Sparsity.Hoyer)!, flat = known.MinBy(r => r.Sparsity.Hoyer)!;
        return new Finding("Sparsity", Markup.Of($"Of the routers that learn, {Markup.Code(sharp.Name)} decides most sharply, as between {Figures.Fixed(sharp.Sparsity.EffectiveExperts, 1)} equal experts of {all.Result.Model.Experts}; {Markup.Code(flat.Name)} least, as between {Figures.Fixed(flat.Sparsity.EffectiveExperts, 1)}. Agreement with the original’s choices lies between {Figures.Percent(known.Min(r => r.Agreement))} and {Figures.Percent(known.Max(r => r.Agreement))}."));
    }

    private static Finding Front(CharacterizedRows rows) => new(
        "Beaten by none",
        Markup.Of($"In loss and balance at once: {Markup.List([.. Charts.TradeOff.Front(rows.Compared.Rows).OrderBy(r => r.Gini).Select(r => Markup.Code(r.Name))])}."));

    private static IEnumerable<Finding> Trouble(CharacterizeResult result)
    {
        CharacterizeRow[] idle = [.. result.Rows.Where(r => r.Utilisation < 0.9995)];
        if (idle.Length > 0)
        {
            yield return new Finding("Idle experts", Markup.Of($"Some experts never get a token of the judged text: {Markup.List([.. idle.Select(r => Markup.Of($"{Markup.Code(r.Name)} uses {Figures.Percent(r.Utilisation)}"))])}."));
        }

        foreach (LeftOutRouter router in result.LeftOut)
        {
            yield return new Finding("Left out", Markup.Of($"{Markup.Code(router.Name)}: {router.Reason}."));
        }

        foreach (DivergedRow row in result.Diverged)
        {
            yield return new Finding("Diverged", Markup.Of($"{Markup.Code(row.Name)}: {row.Reason}."));
        }
    }

    private static Markup Names(CharacterizeRow[] rows) => Markup.List([.. rows.Select(r => Markup.Code(r.Name))]);

    private static string Nats(double value) => Figures.Fixed(value, 4);
}
