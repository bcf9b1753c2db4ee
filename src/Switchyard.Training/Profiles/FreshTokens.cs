using Switchyard.Metrics;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Training.Profiles;

/// <summary>Shows an observer the fresh tokens of each window of a batch, window by window, so that every token of a text is seen once; and counts drops over all tokens of the passes.</summary>
internal sealed class FreshTokens : IRoutingObserver
{
    private readonly SortedDictionary<int, (long Pairs, long Dropped)> _drops = [];
    private Action<TextWindow, RoutingObservation>? _see;
    private WindowBatch? _batch;

    /// <summary>Names the batch that the coming pass runs, and who sees its windows.</summary>
    public void Begin(WindowBatch batch, Action<TextWindow, RoutingObservation> see) => (_batch, _see) = (batch, see);

    /// <summary>Dropped pairs ÷ pairs of a layer, over all passes; 0 where it was not seen.</summary>
    public double DropRate(int layer) => _drops.TryGetValue(layer, out (long Pairs, long Dropped) d) && d.Pairs > 0 ? (double)d.Dropped / d.Pairs : 0;

    public void Observe(RoutingObservation observation)
    {
        WindowBatch batch = _batch ?? throw new InvalidOperationException("Begin comes before the pass");
        using var scope = NewDisposeScope();
        (long pairs, long dropped) = _drops.GetValueOrDefault(observation.Layer);
        _drops[observation.Layer] = (pairs + observation.Assignment.Experts.ge(Held(0)).sum().item<long>(), dropped + observation.DroppedPairs);
        for (int b = 0; b < batch.Windows.Count; b++)
        {
            int from = (b * batch.Length) + batch.FirstFresh;
            Assignment assignment = new(
                observation.Assignment.Experts.narrow(0, from, batch.Fresh),
                observation.Assignment.Weights.narrow(0, from, batch.Fresh));
            RoutingContext context = new() { SequenceLength = batch.Fresh };
            _see!(batch.Windows[b], new RoutingObservation(observation.Layer, observation.Scores.narrow(0, from, batch.Fresh), assignment, context));
        }
    }
}
