using Switchyard.Training.Reporting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Profiles;

/// <summary>Finds what is wrong with a layer, by fixed limits.</summary>
internal static class LayerExamination
{
    /// <summary>Gini from which a layer is uneven.</summary>
    public const double UnevenGini = 0.2;

    /// <summary>Gini from which a layer is sick.</summary>
    public const double SickGini = 0.5;

    /// <summary>Share of the even load below which an expert is starved.</summary>
    public const double StarvedShare = 0.01;

    /// <summary>Share of a layer's experts that are starved from which it is sick.</summary>
    public const double SickStarved = 0.1;

    /// <summary>Routing entropy ÷ ln E below which the router has stopped to weigh experts.</summary>
    public const double DecidedEntropy = 0.1;

    /// <summary>Routing entropy ÷ ln E above which the router hardly tells experts apart.</summary>
    public const double UndecidedEntropy = 0.98;

    /// <summary>Overlap from which two experts are duplicates in use, where independent choice would give half of it at most.</summary>
    public const double DuplicateOverlap = 0.5;

    /// <summary>Pairs an expert on average below which nothing is said of starved experts: counts scatter.</summary>
    public const double FewPairs = 100;

    public static LayerDiagnosis Of(ProfileLayer layer, CoActivationResult sharing)
    {
        int[] starved = [.. Starved(layer)];
        List<string> reasons = [];
        LayerHealth health = LayerHealth.Healthy;
        if (layer.Gini >= UnevenGini)
        {
            health = layer.Gini >= SickGini ? LayerHealth.Sick : LayerHealth.Uneven;
            reasons.Add($"Gini {Figures.Ratio(layer.Gini)}, min ÷ max {Figures.Ratio(layer.MinMax)}; the busiest expert has {Figures.Times(layer.MaxVio + 1)} its share");
        }

        if (starved.Length > 0)
        {
            health = starved.Length >= SickStarved * layer.Load.Count ? LayerHealth.Sick : Worse(health, LayerHealth.Uneven);
            reasons.Add($"{starved.Length} of {layer.Load.Count} experts starved ({Names(starved)}): each has less than a hundredth of the even share");
        }

        if (!double.IsFinite(layer.RoutingEntropyNormalised))
        {
            health = LayerHealth.Sick;
            reasons.Add("the router's scores are not all numbers: a weight of it is NaN or infinite");
        }
        else if (layer.RoutingEntropyNormalised < DecidedEntropy)
        {
            health = LayerHealth.Sick;
            reasons.Add($"routing entropy {Figures.Ratio(layer.RoutingEntropyNormalised)} of ln E: the router puts nearly all on one expert and hardly learns any more");
        }
        else if (layer.RoutingEntropyNormalised > UndecidedEntropy)
        {
            health = Worse(health, LayerHealth.Uneven);
            reasons.Add($"routing entropy {Figures.Ratio(layer.RoutingEntropyNormalised)} of ln E: the router hardly tells experts apart");
        }

        foreach (ExpertPair pair in Duplicates(sharing))
        {
            health = Worse(health, LayerHealth.Uneven);
            reasons.Add($"experts {pair.First} and {pair.Second} serve the same tokens: {Figures.Percent(pair.Overlap)} of the tokens of either use both, {Figures.Percent(pair.Independent)} by chance");
        }

        if (layer.DropRate > 0)
        {
            health = Worse(health, LayerHealth.Uneven);
            reasons.Add($"{Figures.Percent(layer.DropRate)} of the pairs are dropped");
        }

        return new LayerDiagnosis(layer.Layer, health, starved, reasons);
    }

    /// <summary>Pairs of experts that are used together far more than by chance.</summary>
    public static IEnumerable<ExpertPair> Duplicates(CoActivationResult sharing) =>
        sharing.Pairs.Where(p => p.Overlap >= DuplicateOverlap && p.Independent <= p.Overlap / 2);

    /// <summary>"3, 5 and 7"; beyond eight the rest as a number.</summary>
    public static string Names(IReadOnlyList<int> items)
    {
        const int most = 8;
        return items.Count switch
        {
            0 => "none",
            1 => $"{items[0]}",
            <= most => $"{string.Join(", ", items.Take(items.Count - 1))} and {items[^1]}",
            _ => $"{string.Join(", ", items.Take(most))} and {items.Count - most} more",
        };
    }

    private static IEnumerable<int> Starved(ProfileLayer layer)
    {
        double mean = layer.Load.Average(n => (double)n);
        return mean < FewPairs ? [] : Enumerable.Range(0, layer.Load.Count).Where(e => layer.Load[e] < StarvedShare * mean);
    }

    private static LayerHealth Worse(LayerHealth a, LayerHealth b) => a > b ? a : b;
}
