using System.Diagnostics.Metrics;
using Switchyard.Balancing;
using static TorchSharp.torch;

namespace Switchyard.Metrics;

/// <summary>Publishes the routing of a running model as instruments of <see cref="Meter"/>, for dotnet-counters, OpenTelemetry and whoever else listens.</summary>
/// <remarks>
/// Counters, by layer: <c>switchyard.routing.tokens</c>; <c>switchyard.routing.pairs</c>, by expert too (before drops); <c>switchyard.routing.dropped_pairs</c>.
/// Gauges, by layer, of all pairs since the meter was made: <c>switchyard.routing.gini</c> and <c>switchyard.routing.min_max</c> (<see cref="LoadMetrics"/>).
/// Padding is not counted. While nobody listens, a pass costs a few reads of a flag. Several threads may observe at once.
/// </remarks>
public sealed class RoutingMeter : IRoutingObserver, IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Switchyard.Routing";

    private readonly Meter _meter;
    private readonly bool _isOurs;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _pairs;
    private readonly Counter<long> _dropped;
    private readonly ObservableGauge<double> _gini;
    private readonly ObservableGauge<double> _minMax;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, (long[] Load, object Layer)> _layers = [];

    /// <summary>Makes the instruments.</summary>
    /// <param name="factory">Makes the meter and disposes it, such as that of an application's services; null for a meter of its own.</param>
    public RoutingMeter(IMeterFactory? factory = null)
    {
        MeterOptions options = new(MeterName) { Version = typeof(RoutingMeter).Assembly.GetName().Version?.ToString() };
        (_meter, _isOurs) = factory is null ? (new Meter(options), true) : (factory.Create(options), false);
        _tokens = _meter.CreateCounter<long>("switchyard.routing.tokens", "{token}", "Tokens that a layer has routed.");
        _pairs = _meter.CreateCounter<long>("switchyard.routing.pairs", "{pair}", "Pairs of token and expert, before drops.");
        _dropped = _meter.CreateCounter<long>("switchyard.routing.dropped_pairs", "{pair}", "Pairs beyond an expert's capacity.");
        _gini = _meter.CreateObservableGauge("switchyard.routing.gini", () => OfLoads(LoadMetrics.Gini), null, "Gini coefficient of the load of a layer: 0 is even.");
        _minMax = _meter.CreateObservableGauge("switchyard.routing.min_max", () => OfLoads(LoadMetrics.MinMax), null, "Load of the least used expert of a layer over that of the most used.");
    }

    /// <summary>The meter of the instruments.</summary>
    internal Meter Meter => _meter;

    /// <inheritdoc/>
    public void Observe(RoutingObservation observation)
    {
        if (!_tokens.Enabled && !_pairs.Enabled && !_dropped.Enabled && !_gini.Enabled && !_minMax.Enabled)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor? mask = observation.Context.TokenMask;
        int experts = checked((int)observation.Scores.size(1));
        ReadOnlySpan<long> load = HostSpan.Of<long>(ExpertLoad.Count(observation.Assignment.Experts, experts, mask), ScalarType.Int64);
        long tokens = mask is null ? observation.Scores.size(0) : mask.sum().item<long>();
        KeyValuePair<string, object?> layer = new("layer", Add(observation.Layer, load));
        _tokens.Add(tokens, layer);
        for (int expert = 0; expert < experts && _pairs.Enabled; expert++)
        {
            if (load[expert] > 0)
            {
                _pairs.Add(load[expert], layer, new KeyValuePair<string, object?>("expert", expert));
            }
        }

        if (observation.DroppedPairs > 0)
        {
            _dropped.Add(observation.DroppedPairs, layer);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isOurs)
        {
            _meter.Dispose();
        }
    }

    /// <summary>Adds to the load of a layer, whose number it returns as an object made once.</summary>
    private object Add(int layer, ReadOnlySpan<long> load)
    {
        lock (_gate)
        {
            if (!_layers.TryGetValue(layer, out (long[] Load, object Layer) seen) || seen.Load.Length != load.Length)
            {
                _layers[layer] = seen = (new long[load.Length], layer);
            }

            for (int expert = 0; expert < load.Length; expert++)
            {
                seen.Load[expert] += load[expert];
            }

            return seen.Layer;
        }
    }

    private delegate double LoadMetric(ReadOnlySpan<long> load);

    private List<Measurement<double>> OfLoads(LoadMetric metric)
    {
        lock (_gate)
        {
            return [.. _layers.Values.Select(l => new Measurement<double>(metric(l.Load), new KeyValuePair<string, object?>("layer", l.Layer)))];
        }
    }
}
