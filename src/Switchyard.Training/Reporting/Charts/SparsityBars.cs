using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Entropy and sparsity of the scores of each row.</summary>
internal static class SparsityBars
{
    public static ReportChart Of(CharacterizedRows rows)
    {
        IReadOnlyList<CharacterizeRow> all = rows.Result.Rows;
        Csv csv = new("row", "layer", "routing entropy (nats)", "effective experts", "Hoyer sparsity", "negligible experts (%)");
        foreach (CharacterizeRow row in all)
        {
            foreach ((ProfileLayer layer, Metrics.ScoreSparsity sparsity) in row.Layers.Zip(row.LayerSparsity))
            {
                csv.Add([row.Name], [layer.Layer, layer.RoutingEntropy, sparsity.EffectiveExperts, sparsity.Hoyer, 100 * sparsity.Negligible]);
            }
        }

        return BarPanels.Of(
            [.. all.Select(r => r.Name)],
            [
                new BarPanel("routing entropy", "entropy (nats)", [.. all.Select(r => r.RoutingEntropy)], v => Figures.Fixed(v, 2), "entropy %{x:.3f} nats"),
                new BarPanel("Hoyer sparsity", "Hoyer sparsity", [.. all.Select(r => r.Sparsity.Hoyer)], v => Figures.Fixed(v, 2), "Hoyer sparsity %{x:.3f}"),
                new BarPanel("negligible experts", "negligible experts (%)", [.. all.Select(r => 100 * r.Sparsity.Negligible)], v => Figures.Fixed(v, 0), "%{x:.1f} % of the experts are negligible"),
            ]) with
        {
            Id = "sparsity",
            Title = "Entropy and sparsity of the scores",
            Lead = Lead(all, rows.Result.Model.Experts),
            Csv = csv.ToString(),
        };
    }

    private static Markup Lead(IReadOnlyList<CharacterizeRow> rows, int experts)
    {
        CharacterizeRow[] known = [.. rows.Where(r => double.IsFinite(r.RoutingEntropy))];
        Markup what = Markup.Of($"Of a token’s softmax over the experts, means over tokens and layers; {Figures.Fixed(Math.Log(experts), 2)} nats would be even, sparsity 1 is one expert alone.");
        if (known.Length == 0)
        {
            return what;
        }

        CharacterizeRow flat = known.MaxBy(r => r.RoutingEntropy)!, sharp = known.MinBy(r => r.RoutingEntropy)!;
        return Markup.Of($"{what} {Markup.Code(flat.Name)} is the least decided at {Figures.Fixed(flat.RoutingEntropy, 2)} nats, {Markup.Code(sharp.Name)} the most at {Figures.Fixed(sharp.RoutingEntropy, 2)}.");
    }
}
