using static TorchSharp.torch;

namespace Switchyard.Metrics;

/// <summary>Accumulates the routing of each MoE layer over any number of forward passes, in memory that does not grow with them.</summary>
/// <remarks>
/// One observation of a layer is one batch. Tensors are read where they lie on the CPU (others are copied there first) and none is kept.
/// Masked tokens take part in nothing. A recorder is not for several threads at once: give each its own and <see cref="Merge"/> them.
/// </remarks>
public sealed class LoadRecorder : IRoutingObserver
{
    private readonly SortedDictionary<int, LayerTally> _layers = [];

    /// <summary>Makes an empty recorder.</summary>
    /// <param name="options">What to record; null for everything but domains.</param>
    public LoadRecorder(LoadRecorderOptions? options = null) => Options = options ?? new LoadRecorderOptions();

    /// <summary>What is recorded.</summary>
    public LoadRecorderOptions Options { get; }

    /// <summary>Domain of each sequence of the coming batches [B], or of each token [T]; −1 for none. To be set before the forward pass where <see cref="LoadRecorderOptions.Domains"/> is positive; null where domains are unknown.</summary>
    public int[]? CurrentDomains { get; set; }

    /// <summary>Indices of the layers seen, ascending.</summary>
    public IReadOnlyList<int> Layers => [.. _layers.Keys];

    /// <inheritdoc/>
    /// <exception cref="ConfigurationException">Shapes, mask or domains do not fit each other, or an expert is outside −1..E−1.</exception>
    public void Observe(RoutingObservation observation)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        int tokens = checked((int)observation.Scores.shape[0]);
        int experts = checked((int)observation.Scores.shape[1]);
        Tensor chosen = observation.Assignment.Experts;
        if (chosen.dim() != 2 || chosen.shape[0] != tokens)
        {
            throw new ConfigurationException($"experts [{string.Join(", ", chosen.shape)}] do not fit scores [{tokens}, {experts}]: both must have a row a token");
        }

        Batch batch = new()
        {
            Tokens = tokens,
            Slots = (int)chosen.shape[1],
            Experts = HostSpan.Of<long>(chosen, ScalarType.Int64),
            Weights = Options.SoftLoad ? HostSpan.Of<double>(observation.Assignment.Weights, ScalarType.Float64) : default,
            Scores = Options.Scores ? HostSpan.Of<double>(observation.Scores, ScalarType.Float64) : default,
            Mask = observation.Context.TokenMask is { } mask ? HostSpan.Of<byte>(mask.flatten(), ScalarType.Bool) : default,
            Domains = DomainsOf(observation.Context.SequenceLength, tokens),
            DroppedPairs = observation.DroppedPairs,
        };
        if (!batch.Mask.IsEmpty && batch.Mask.Length != tokens)
        {
            throw new ConfigurationException($"a mask of {batch.Mask.Length} does not fit {tokens} tokens");
        }

        Tally(observation.Layer, experts).Add(batch);
        GC.KeepAlive(observation);
    }

    /// <summary>Pairs of each expert of a layer so far, before drops, [E]; empty where the layer was not seen.</summary>
    public ReadOnlySpan<long> Load(int layer) => _layers.TryGetValue(layer, out LayerTally? tally) ? tally.Load : [];

    /// <summary>Pairs dropped so far in all layers.</summary>
    public long DroppedPairs => _layers.Values.Sum(t => t.DroppedPairs);

    /// <summary>What is known of each layer seen, in the order of their indices.</summary>
    public IReadOnlyList<LayerStatistics> Statistics() => [.. _layers.Select(pair => pair.Value.Statistics(pair.Key))];

    /// <summary>Adds what another recorder with equal options has seen, as if this one had seen it too.</summary>
    /// <exception cref="ConfigurationException">The options or the number of experts of a layer differ.</exception>
    public void Merge(LoadRecorder other)
    {
        if (other.Options != Options)
        {
            throw new ConfigurationException($"recorders merge only with equal options: {Options} and {other.Options}");
        }

        foreach ((int layer, LayerTally tally) in other._layers)
        {
            Tally(layer, tally.Load.Length).Add(tally);
        }
    }

    /// <summary>Forgets everything seen, to begin another window.</summary>
    public void Clear() => _layers.Clear();

    private LayerTally Tally(int layer, int experts)
    {
        if (!_layers.TryGetValue(layer, out LayerTally? tally))
        {
            _layers.Add(layer, tally = new LayerTally(experts, Options));
        }

        return tally.Load.Length == experts
            ? tally
            : throw new ConfigurationException($"layer {layer} had {tally.Load.Length} experts before and has {experts} now");
    }

    private ReadOnlySpan<int> DomainsOf(long sequenceLength, int tokens)
    {
        if (Options.Domains == 0 || CurrentDomains is null)
        {
            return default;
        }

        long length = sequenceLength == 0 ? tokens : sequenceLength;
        if (CurrentDomains.Length != tokens && CurrentDomains.Length * length != tokens)
        {
            throw new ConfigurationException($"{CurrentDomains.Length} domains fit neither {tokens} tokens nor their {tokens / length} sequences");
        }

        foreach (int domain in CurrentDomains)
        {
            if (domain < -1 || domain >= Options.Domains)
            {
                throw new ConfigurationException($"domain {domain} is outside −1..{Options.Domains - 1}");
            }
        }

        return CurrentDomains;
    }
}
