namespace Switchyard.Balancing;

/// <summary>Does nothing. Registered as <c>none</c>, and as <c>lpr</c>: the balancing loss of a Latent Prototype Router is the router's own.</summary>
public sealed class NoBalancer(BalancerOptions options) : Balancer(nameof(NoBalancer), options)
{
}
