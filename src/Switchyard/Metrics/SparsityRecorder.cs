using static TorchSharp.torch;

namespace Switchyard.Metrics;

/// <summary>Means over tokens of <see cref="ScoreSparsity"/>, by layer. Padding and tokens without a finite softmax do not count.</summary>
public sealed class SparsityRecorder : IRoutingObserver
{
    private readonly SortedDictionary<int, (long Tokens, double Negligible, double Effective, double Hoyer)> _layers = [];

    /// <inheritdoc/>
    public void Observe(RoutingObservation observation)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        int experts = checked((int)observation.Scores.shape[1]);
        ReadOnlySpan<double> scores = HostSpan.Of<double>(observation.Scores, ScalarType.Float64);
        ReadOnlySpan<byte> mask = observation.Context.TokenMask is { } real ? HostSpan.Of<byte>(real.flatten(), ScalarType.Bool) : default;
        (long tokens, double negligible, double effective, double hoyer) = _layers.GetValueOrDefault(observation.Layer);
        for (int t = 0; t < scores.Length / experts; t++)
        {
            ScoreSparsity one = ScoreSparsity.Of(scores.Slice(t * experts, experts));
            if ((mask.IsEmpty || mask[t] != 0) && double.IsFinite(one.Hoyer))
            {
                tokens++;
                negligible += one.Negligible;
                effective += one.EffectiveExperts;
                hoyer += one.Hoyer;
            }
        }

        _layers[observation.Layer] = (tokens, negligible, effective, hoyer);
        GC.KeepAlive(observation);
    }

    /// <summary>The means of each layer seen, in the order of their indices; NaN where no token counted.</summary>
    public IReadOnlyList<ScoreSparsity> Layers() => [.. _layers.Values.Select(l => new ScoreSparsity(l.Negligible / l.Tokens, l.Effective / l.Tokens, l.Hoyer / l.Tokens))];
}
