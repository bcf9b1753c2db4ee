namespace Switchyard.Balancing;

/// <summary>A registered balancer.</summary>
/// <param name="Name">The name in code, JSON and on the command line.</param>
/// <param name="Summary">One sentence about it.</param>
/// <param name="Create">Makes it.</param>
public sealed record BalancerEntry(string Name, string Summary, Func<BalancerOptions, Balancer> Create) : ICatalogEntry
{
    /// <summary>Whether it is a loss whose gradient reaches the router through the scores.</summary>
    public bool NeedsGradient { get; init; }

    /// <summary>Whether it adds a bias to the choice.</summary>
    public bool UsesChoiceBias { get; init; }

    /// <summary>Whether it only stands for the loss that the router itself has.</summary>
    public bool NeedsRouterLoss { get; init; }
}
