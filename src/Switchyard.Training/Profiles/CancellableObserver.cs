using Switchyard.Metrics;

namespace Switchyard.Training.Profiles;

/// <summary>Stops a pass between two MoE layers: a batch of a large model takes long.</summary>
/// <param name="inner">Who listens besides; null for nobody.</param>
/// <param name="cancellation">Asks to stop.</param>
internal sealed class CancellableObserver(IRoutingObserver? inner, CancellationToken cancellation) : IRoutingObserver
{
    /// <inheritdoc/>
    public void Observe(RoutingObservation observation)
    {
        cancellation.ThrowIfCancellationRequested();
        inner?.Observe(observation);
    }
}
