namespace Switchyard.Metrics;

/// <summary>Listens to what MoE layers choose. A layer without an observer does nothing for it.</summary>
public interface IRoutingObserver
{
    /// <summary>Sees one forward pass of one layer. The tensors are the layer's own and end with it: an observer does not change them, and what it keeps is a copy or an alias in a scope that lives longer (<c>DetachFromDisposeScope</c>, <c>MoveToOuterDisposeScope</c>).</summary>
    void Observe(RoutingObservation observation);
}
