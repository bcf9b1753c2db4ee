namespace Switchyard.Experts;

/// <summary>How an executor trades time for memory.</summary>
public sealed record ExecutorOptions
{
    /// <summary>What the forward pass keeps for the backward.</summary>
    public SavedActivations Activations { get; init; } = SavedActivations.Keep;
}
