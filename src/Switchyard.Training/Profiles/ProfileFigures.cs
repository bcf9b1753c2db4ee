using Switchyard.Metrics;
using Switchyard.Training.Results;

namespace Switchyard.Training.Profiles;

/// <summary>Turns what was recorded into the figures of a result.</summary>
internal static class ProfileFigures
{
    private const int CachePoints = 65;
    private const int DomainCachePoints = 17;
    private const int MostPairs = 10;

    /// <summary>Every metric of the catalog that was recorded: its mean over layers and its worst layer.</summary>
    public static IReadOnlyList<MetricFigure> Catalog(IReadOnlyList<LayerStatistics> layers) =>
    [
        .. MetricCatalog.All.Where(m => m.Mean(layers) is not null).Select(m =>
        {
            double worst = m.Worst(layers) ?? double.NaN;
            return new MetricFigure(m.Name, m.Unit, m.Mean(layers) ?? double.NaN, worst, layers.First(l => m.Value(l) == worst).Layer);
        }),
    ];

    public static ProfileLayer Layer(LayerStatistics layer, double dropRate, OrderResult? order) => new()
    {
        Layer = layer.Layer,
        Tokens = layer.Tokens,
        Load = layer.Load,
        SoftLoad = layer.SoftLoad ?? [],
        DomainLoad = layer.DomainLoad ?? [],
        Gini = layer.Balance.Gini,
        MinMax = layer.Balance.MinMax,
        Cv = layer.Balance.Cv,
        MaxVio = layer.Balance.MaxVio,
        LoadEntropy = layer.Balance.LoadEntropy,
        RoutingEntropy = layer.RoutingEntropy ?? double.NaN,
        RoutingEntropyNormalised = layer.RoutingEntropyNormalised ?? double.NaN,
        Utilisation = layer.Balance.Utilisation,
        SoftGini = layer.SoftGini ?? double.NaN,
        SpecialisationNats = layer.Specialisation?.Nats ?? double.NaN,
        Specialisation = layer.Specialisation?.Normalised ?? double.NaN,
        Margin = layer.Margin ?? double.NaN,
        GiniPerBatch = layer.GiniPerBatch ?? double.NaN,
        MinMaxPerBatch = layer.MinMaxPerBatch ?? double.NaN,
        DropRate = dropRate,
        ImbalanceCost = ExpertPlacement.Costs(layer.Load),
        Order = order,
    };

    public static OrderResult Order(RoutingTrace trace, bool coarse = false)
    {
        CacheCurve curve = CacheCurve.Of(trace);
        return new OrderResult
        {
            Tokens = trace.Tokens,
            Locality = Locality.Of(trace),
            WorkingSet = WorkingSet.Of(trace),
            Coverage = Coverage.Of(trace),
            CacheCurve = new CacheResult(curve.Slots, curve.Requests, curve.Points(coarse ? DomainCachePoints : CachePoints)),
        };
    }

    public static ProfileDomain Domain(string name, long documents, DomainRecorder recorder, Func<int, double> dropRate)
    {
        double loss = recorder.Targets > 0 ? recorder.LossSum / recorder.Targets : double.NaN;
        return new ProfileDomain
        {
            Name = name,
            Documents = documents,
            Tokens = recorder.Tokens,
            Targets = recorder.Targets,
            Loss = loss,
            Perplexity = Math.Exp(loss),
            Layers = [.. recorder.Load.Statistics().Select(l => Layer(l, dropRate(l.Layer), null))],
            Order = Order(recorder.Order.Trace(), coarse: true),
        };
    }

    public static CoActivationResult CoActivation(LayerStatistics layer)
    {
        IReadOnlyList<IReadOnlyList<long>> shared = layer.CoActivation ?? [];
        List<ExpertPair> pairs = [];
        for (int a = 0; a < shared.Count; a++)
        {
            for (int b = a + 1; b < shared.Count; b++)
            {
                if (shared[a][b] > 0)
                {
                    pairs.Add(Pair(layer, a, b, shared[a][b]));
                }
            }
        }

        return new CoActivationResult(layer.Layer, shared, [.. pairs.OrderByDescending(p => p.Overlap).Take(MostPairs)]);
    }

    private static ExpertPair Pair(LayerStatistics layer, int a, int b, long both)
    {
        double first = (double)layer.Load[a] / layer.Tokens;
        double second = (double)layer.Load[b] / layer.Tokens;
        double independent = first * second;
        return new ExpertPair(a, b, both, (double)both / (layer.Load[a] + layer.Load[b] - both), independent / (first + second - independent));
    }
}
