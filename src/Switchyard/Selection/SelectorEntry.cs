namespace Switchyard.Selection;

/// <summary>A registered selector.</summary>
/// <param name="Name">The name in code, JSON and on the command line.</param>
/// <param name="Summary">One sentence about it.</param>
/// <param name="Create">Makes it.</param>
public sealed record SelectorEntry(string Name, string Summary, Func<SelectorOptions, Selector> Create) : ICatalogEntry
{
    /// <summary>Whether a token's choice in inference looks at no other token. Where false, the selector is refused in autoregressive generation.</summary>
    public bool IsCausal { get; init; } = true;

    /// <summary>Whether a token's choice in training looks at no other token.</summary>
    public bool IsCausalInTraining { get; init; } = true;

    /// <summary>Whether a balancer may add a bias to the choice.</summary>
    public bool SupportsChoiceBias { get; init; } = true;
}
