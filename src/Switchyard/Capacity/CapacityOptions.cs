using Switchyard.Selection;

namespace Switchyard.Capacity;

/// <summary>Settings of a capacity policy.</summary>
public sealed record CapacityOptions
{
    /// <summary>An expert takes ⌈factor·T·k/E⌉ pairs.</summary>
    public double CapacityFactor { get; init; } = 1.25;

    /// <summary>Whether what is left of a token that lost pairs is scaled to the sum of weights that it had before.</summary>
    public bool RenormalizeAfterDrop { get; init; }

    /// <summary>C = ⌈factor·T·k/E⌉.</summary>
    /// <param name="tokens">Tokens T.</param>
    /// <param name="k">Experts a token.</param>
    /// <param name="experts">Number of experts E.</param>
    public long Capacity(long tokens, int k, int experts) => ExpertCapacity.Of(CapacityFactor, tokens, k, experts);

    /// <summary>Checks the settings.</summary>
    /// <exception cref="ConfigurationException">The factor is not positive.</exception>
    public void Validate()
    {
        if (!(CapacityFactor > 0) || !double.IsFinite(CapacityFactor))
        {
            throw new ConfigurationException($"capacityFactor is {CapacityFactor}; it must be positive");
        }
    }
}
