namespace Switchyard.Routing;

/// <summary>A router that can be made from how often each token occurs. Training gives it the frequencies of the training text before the first step; what it makes of them belongs into its state dict.</summary>
public interface IUsesTokenFrequencies
{
    /// <summary>Whether the router, as it was configured, wants them: counting a corpus costs one reading of it.</summary>
    bool WantsTokenFrequencies { get; }

    /// <summary>Takes the frequencies.</summary>
    /// <param name="frequencies">Occurrences of each token id, [V].</param>
    /// <exception cref="ConfigurationException">The router, as it was configured, does not use them, or they do not fit its vocabulary.</exception>
    void SetFrequencies(ReadOnlySpan<long> frequencies);
}
