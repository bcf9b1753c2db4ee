namespace Switchyard.Balancing;

/// <summary>Sizes and settings of a balancer. A null coefficient means the balancer's own default, which its documentation states.</summary>
public sealed record BalancerOptions
{
    /// <summary>Number of experts E.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts a token, k.</summary>
    public required int TopK { get; init; }

    /// <summary>Strength of the balancer (α of <c>switch</c>, w of <c>importance</c>, β of <c>z</c>, u of <c>bias</c>, λ of <c>feedback</c>); null for its default.</summary>
    public double? Coefficient { get; init; }
}
