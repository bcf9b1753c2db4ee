using System.Diagnostics.Metrics;
using Switchyard.Metrics;
using Switchyard.Routing;
using static Switchyard.Tests.TinyLayer;
using static TorchSharp.torch;

namespace Switchyard.Tests.Metrics;

public sealed class RoutingMeterTests
{
    [Fact]
    public void Instruments_say_what_a_recorder_says()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeLayer layer = Make(Options("linear", "softmax-topk") with { Layer = 3, Capacity = "position", CapacityFactor = 0.6 });
        using RoutingMeter meter = new();
        using Listener listener = new(meter);
        LoadRecorder recorder = new();
        Tensor mask = tensor((bool[])[.. Enumerable.Range(0, 40).Select(i => i % 4 > 0)]);

        for (int pass = 0; pass < 3; pass++)
        {
            layer.Run(randn(40, HiddenSize), new RoutingContext { TokenMask = mask }, new CombinedObserver(meter, recorder));
        }

        long[] load = recorder.Load(3).ToArray();
        Assert.Equal(90, listener.Sum("switchyard.routing.tokens", ("layer", 3)));
        Assert.Equal(load, Enumerable.Range(0, load.Length).Select(e => (long)listener.Sum("switchyard.routing.pairs", ("layer", 3), ("expert", e))));
        Assert.Equal(recorder.DroppedPairs, listener.Sum("switchyard.routing.dropped_pairs", ("layer", 3)));
        listener.Read();
        Assert.Equal(LoadMetrics.Gini(load), listener.Sum("switchyard.routing.gini", ("layer", 3)), 1e-12);
        Assert.Equal(LoadMetrics.MinMax(load), listener.Sum("switchyard.routing.min_max", ("layer", 3)), 1e-12);
    }

    [Fact]
    public void While_nobody_listens_nothing_is_counted()
    {
        using var scope = NewDisposeScope();
        using MoeLayer layer = Make(Options("linear", "softmax-topk"));
        using RoutingMeter meter = new();
        layer.Run(randn(10, HiddenSize), observer: meter);
        using Listener listener = new(meter);

        listener.Read();

        Assert.Equal(0, listener.Count);
    }

    /// <summary>Sums what the instruments of one meter measure, by name and tags.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly List<(string Name, double Value, (string Key, object? Value)[] Tags)> _measurements = [];

        public Listener(RoutingMeter meter)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter, meter.Meter))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
            _listener.Start();
        }

        public int Count => _measurements.Count;

        public void Read() => _listener.RecordObservableInstruments();

        public double Sum(string name, params (string Key, object? Value)[] tags) => _measurements.Where(m => m.Name == name && m.Tags.SequenceEqual(tags)).Sum(m => m.Value);

        public void Dispose() => _listener.Dispose();

        private void Add(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            _measurements.Add((name, value, [.. tags.ToArray().Select(t => (t.Key, t.Value))]));
    }
}
