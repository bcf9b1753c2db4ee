namespace Switchyard.Metrics;

/// <summary>Several observers as one, told in the order given.</summary>
/// <param name="observers">The observers.</param>
public sealed class CombinedObserver(params IReadOnlyList<IRoutingObserver> observers) : IRoutingObserver
{
    /// <summary>Two observers as one, either of which may be missing; null where both are.</summary>
    public static IRoutingObserver? Of(IRoutingObserver? first, IRoutingObserver? second) =>
        first is null ? second : second is null ? first : new CombinedObserver(first, second);

    /// <inheritdoc/>
    public void Observe(RoutingObservation observation)
    {
        foreach (IRoutingObserver observer in observers)
        {
            observer.Observe(observation);
        }
    }
}
