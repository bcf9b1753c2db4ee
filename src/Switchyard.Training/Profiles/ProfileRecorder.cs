using Switchyard.Metrics;

namespace Switchyard.Training.Profiles;

/// <summary>Everything that a profile is made of: a recorder a domain, co-activation and the first tokens' order over all of them.</summary>
/// <param name="orderTokens">First tokens of the text whose order is kept.</param>
internal sealed class ProfileRecorder(int orderTokens)
{
    /// <summary>First tokens of each domain whose order is kept.</summary>
    public const int DomainOrderTokens = 4096;

    private readonly List<DomainRecorder> _domains = [];
    private readonly LoadRecorder _sharing = new(LoadRecorderOptions.LoadOnly with { CoActivation = true });
    private readonly RoutingTraceRecorder _order = new(orderTokens);

    /// <summary>One recorder a domain, by its number.</summary>
    public IReadOnlyList<DomainRecorder> Domains => _domains;

    /// <summary>Sees the fresh tokens of a window in one layer.</summary>
    public void Observe(TextWindow window, RoutingObservation observation)
    {
        Domain(window.Domain).Observe(observation);
        _sharing.Observe(observation);
        _order.Observe(observation);
    }

    /// <summary>Adds the loss of a window.</summary>
    public void Score(TextWindow window, WindowLoss loss) => Domain(window.Domain).Score(window, loss);

    /// <summary>The whole text's statistics, pairs by domain among them.</summary>
    public IReadOnlyList<LayerStatistics> Layers()
    {
        LoadRecorder whole = new(DomainRecorder.LoadOptions);
        foreach (DomainRecorder domain in _domains)
        {
            whole.Merge(domain.Load);
        }

        return
        [
            .. whole.Statistics().Zip(_sharing.Statistics(), (all, shared) => all with
            {
                CoActivation = shared.CoActivation,
                DomainLoad = [.. _domains.Select(d => (IReadOnlyList<long>)(d.Load.Load(all.Layer) is { IsEmpty: false } load ? [.. load] : new long[all.Load.Count]))],
            }),
        ];
    }

    /// <summary>The order of the first tokens.</summary>
    public RoutingTrace Order() => _order.Trace();

    private DomainRecorder Domain(int number)
    {
        while (_domains.Count <= number)
        {
            _domains.Add(new DomainRecorder(Math.Min(orderTokens, DomainOrderTokens)));
        }

        return _domains[number];
    }
}
