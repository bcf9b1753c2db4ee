namespace Switchyard.Metrics;

/// <summary>Listens to what MoE layers choose. A layer without an observer does nothing for it.</summary>
public interface IRoutingObserver
{
    /// <summary>Sees one forward pass of one layer. The tensors are the layer's own: an observer neither keeps nor changes them.</summary>
    void Observe(RoutingObservation observation);
}
