using Switchyard.Metrics;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Profiles;

/// <summary>Says in words what a profile means: which layers are sick, what that costs, what would be tried.</summary>
internal static class ProfileDiagnosis
{
    private const double WorthPlacing = 0.05;

    public static Diagnosis Of(IReadOnlyList<ProfileLayer> layers, IReadOnlyList<CoActivationResult> sharing, OrderResult order, ProfileModel model)
    {
        LayerDiagnosis[] examined =
        [
            .. layers.Zip(sharing, LayerExamination.Of).Zip(layers).OrderByDescending(p => p.First.Health).ThenByDescending(p => p.Second.Gini).Select(p => p.First),
        ];
        IReadOnlyList<DeviceCost> cost = ExpertPlacement.Mean(layers);
        return new Diagnosis
        {
            Layers = examined,
            Cost = cost,
            Findings = [.. Findings(layers, examined, cost, order)],
            Advice = [.. Advice(layers, sharing, examined, cost, order, model)],
        };
    }

    private static IEnumerable<string> Findings(IReadOnlyList<ProfileLayer> layers, IReadOnlyList<LayerDiagnosis> examined, IReadOnlyList<DeviceCost> cost, OrderResult order)
    {
        yield return $"{Count(LayerHealth.Sick)}, {Count(LayerHealth.Uneven)}, {Count(LayerHealth.Healthy)}.";
        foreach (LayerDiagnosis layer in examined.Where(l => l.Health > LayerHealth.Healthy))
        {
            yield return $"Layer {layer.Layer} is {(layer.Health == LayerHealth.Sick ? "sick" : "uneven")}: {string.Join("; ", layer.Reasons)}.";
        }

        ProfileLayer worst = layers.MaxBy(l => l.ImbalanceCost[^1].Cost)!;
        yield return $"With the experts spread as they are numbered, expert work takes {Times(cost, c => c.Cost)} the time of an even load on {Devices(cost)} devices (mean over layers); worst is layer {worst.Layer}, {Times(worst.ImbalanceCost, c => c.Cost)}.";
        if (layers.Average(l => l.Specialisation) is var told && double.IsFinite(told) && told > 0)
        {
            ProfileLayer most = layers.MaxBy(l => l.Specialisation)!;
            yield return $"The expert tells {Figures.Percent(told)} of the domain (mean over layers), most in layer {most.Layer}: {Figures.Percent(most.Specialisation)}.";
        }

        yield return $"A token shares {Figures.Percent(order.Locality.Share)} of its experts with the one before it; independent tokens of the same load would share {Figures.Percent(order.Locality.Independent)}.";

        string Count(LayerHealth health)
        {
            int[] of = [.. examined.Where(l => l.Health == health).Select(l => l.Layer).Order()];
            string name = health switch { LayerHealth.Sick => "sick", LayerHealth.Uneven => "uneven", _ => "healthy" };
            return of.Length == 0 ? $"none {name}" : $"{of.Length} of {layers.Count} layers {name} ({LayerExamination.Names(of)})";
        }
    }

    private static IEnumerable<string> Advice(IReadOnlyList<ProfileLayer> layers, IReadOnlyList<CoActivationResult> sharing, IReadOnlyList<LayerDiagnosis> examined, IReadOnlyList<DeviceCost> cost, OrderResult order, ProfileModel model)
    {
        if (examined.Any(l => l.Health > LayerHealth.Healthy && layers.First(p => p.Layer == l.Layer).Gini >= LayerExamination.UnevenGini))
        {
            yield return $"Reroute: fine-tune the routers alone, all else frozen, with dual prices or a bias on the choice; neither touches the combine weights. Evened out, expert work on {cost[^1].Devices} devices would take 1 instead of {Figures.Fixed(cost[^1].Cost, 2)}. switchyard reroute MODEL --router linear --balance dual --text FILE --output FOLDER; with --keep-loss it goes only as far as the loss allows.";
        }

        if (cost.MaxBy(c => c.Cost - c.Placed) is { } best && best.Cost - best.Placed >= WorthPlacing)
        {
            yield return $"Place experts by load, without any training: the heaviest first, each on the least loaded device with room. Expert work takes {Times(cost, c => c.Placed)} instead of {Times(cost, c => c.Cost)} on {Devices(cost)} devices.";
        }

        if (layers.MaxBy(l => Share(l) * l.Load.Count) is { } hot && cost.LastOrDefault(c => Share(hot) * c.Devices > 1 + WorthPlacing) is { } bound)
        {
            yield return $"Replicate the busiest experts: expert {hot.Load.Index().MaxBy(e => e.Item).Index} of layer {hot.Layer} alone has {Figures.Percent(Share(hot))} of its layer's pairs, {Figures.Fixed(Share(hot) * bound.Devices, 2)} times what one of {bound.Devices} devices should do; no placement of whole experts can undercut that.";
        }

        if (examined.Sum(l => l.Starved.Count) is > 0 and int starved)
        {
            yield return Prune(layers, examined, starved, model);
        }

        (int Layer, ExpertPair Pair)[] duplicates = [.. sharing.SelectMany(s => LayerExamination.Duplicates(s).Select(p => (s.Layer, p)))];
        if (duplicates.Length > 0)
        {
            yield return $"Merge experts that serve the same tokens: {string.Join("; ", duplicates.Take(4).Select(d => $"layer {d.Layer}, {d.Pair.First} and {d.Pair.Second} (overlap {Figures.Percent(d.Pair.Overlap)})"))}.";
        }

        CacheResult cache = order.CacheCurve;
        if (cache.Points.Count > 2 && cache.Points.FirstOrDefault(p => p.Slots * 4 >= cache.Slots) is { Slots: > 0 } quarter)
        {
            Coverage fifth = order.Coverage.First(c => c.Share >= 0.2);
            yield return $"Where memory is short: an expert cache of {quarter.Slots} of {cache.Slots} slots hits {Figures.Percent(quarter.Lru)} (LRU), {Figures.Percent(quarter.Lfu)} (LFU), {Figures.Percent(quarter.Belady)} at best; the hottest {Figures.Percent(fifth.Share)} of the slots, chosen on one half of the text, carry {Figures.Percent(fifth.Traffic)} of the other half.";
        }
    }

    /// <summary>Share of a layer's pairs that its busiest expert has.</summary>
    private static double Share(ProfileLayer layer) => (layer.MaxVio + 1) / layer.Load.Count;

    private static string Prune(IReadOnlyList<ProfileLayer> layers, IReadOnlyList<LayerDiagnosis> examined, int starved, ProfileModel model)
    {
        double lost = examined.Sum(l => l.Starved.Sum(e => (double)layers.First(p => p.Layer == l.Layer).Load[e])) / layers.Sum(l => (double)l.Load.Sum());
        double experts = layers.Sum(l => (double)l.Load.Count);
        string where = string.Join("; ", examined.Where(l => l.Starved.Count > 0).OrderBy(l => l.Layer).Take(6).Select(l => $"layer {l.Layer}: {LayerExamination.Names(l.Starved)}"));
        double parameters = (model.TotalParameters - model.ActiveParameters) / (experts - (model.TopK * layers.Count)) * starved;
        return $"Prune the {(starved == 1 ? "starved expert" : $"{starved} starved experts")} ({where}): {Figures.Percent(starved / experts)} of all experts and {Figures.Short(parameters)} parameters, for {Small(lost)} of the pairs. {PruneCommand(layers, examined)}";
    }

    /// <summary>All layers keep equally many, so that the layer with the fewest starved experts decides how many go for nothing.</summary>
    private static string PruneCommand(IReadOnlyList<ProfileLayer> layers, IReadOnlyList<LayerDiagnosis> examined)
    {
        int spare = examined.Min(l => l.Starved.Count), experts = layers[0].Load.Count;
        return spare > 0
            ? $"switchyard prune MODEL --keep {experts - spare} --by reap --text FILE --output FOLDER takes {spare} of each layer."
            : "switchyard prune MODEL --keep N --by reap --text FILE --output FOLDER takes equally many of each layer, of some then experts that are used: judge by its loss.";
    }

    /// <summary>A share that may be far below one per cent.</summary>
    private static string Small(double share) => share is > 0 and < 0.001 ? Figures.Ratio(share * 100) + " %" : Figures.Percent(share);

    private static string Times(IReadOnlyList<DeviceCost> cost, Func<DeviceCost, double> value) =>
        string.Join(", ", cost.Select(c => Figures.Fixed(value(c), 2))) + " times";

    private static string Devices(IReadOnlyList<DeviceCost> cost) =>
        $"{string.Join(", ", cost.Take(cost.Count - 1).Select(c => c.Devices))} and {cost[^1].Devices}";
}
