namespace Switchyard.Metrics;

/// <summary>Several observers as one, told in the order given.</summary>
/// <param name="observers">The observers.</param>
public sealed class CombinedObserver(params IReadOnlyList<IRoutingObserver> observers) : IRoutingObserver
{
    /// <inheritdoc/>
    public void Observe(RoutingObservation observation)
    {
        foreach (IRoutingObserver observer in observers)
        {
            observer.Observe(observation);
        }
    }
}
