using Switchyard.Kernels;

namespace Switchyard.Experts;

/// <summary>How an executor trades time for memory and for exactness.</summary>
public sealed record ExecutorOptions
{
    /// <summary>What the forward pass keeps for the backward.</summary>
    public SavedActivations Activations { get; init; } = SavedActivations.Keep;

    /// <summary>
    /// What the products of our kernels multiply in the forward pass. Null follows the tokens: bf16 for tokens in bf16 where the processor has an instruction for it
    /// (their products are rounded less often than torch's), else fp32, whatever the weights are stored in. Torch's own executors multiply in the type of the tokens.
    /// </summary>
    public Arithmetic? Arithmetic { get; init; }
}
