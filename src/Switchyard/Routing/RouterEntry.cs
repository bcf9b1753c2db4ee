namespace Switchyard.Routing;

/// <summary>What is known of a registered router.</summary>
/// <param name="Name">The name used in code, JSON and on the command line.</param>
/// <param name="Summary">One sentence about it.</param>
/// <param name="Make">Makes the router.</param>
public sealed record RouterEntry(string Name, string Summary, Func<RouterOptions, Router> Make) : ICatalogEntry
{
    /// <summary>The selector that goes with the router where none is named; <c>softmax-topk</c> is meant with normalised weights.</summary>
    public string DefaultSelector { get; init; } = "softmax-topk";

    /// <summary>Whether the scores are learned by gradient.</summary>
    public bool IsTrainable { get; init; } = true;

    /// <summary>Whether <see cref="Router.Loss"/> gives a loss, so that no balancer is needed beside it.</summary>
    public bool HasOwnLoss { get; init; }

    /// <summary>Makes the router; initial weights come from torch's global generator.</summary>
    /// <exception cref="ConfigurationException">The options do not fit together.</exception>
    public Router Create(RouterOptions options) => Make(options.Checked());
}
