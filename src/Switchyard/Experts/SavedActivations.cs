namespace Switchyard.Experts;

/// <summary>What a forward pass keeps for its backward, beyond its inputs. Gradients have the same bits either way.</summary>
public enum SavedActivations
{
    /// <summary>The inner values, at least N·2f (or N·f) numbers for N computed rows, until the backward has run.</summary>
    Keep,

    /// <summary>Nothing: the backward computes the first product again, 2/9 more operations in a step of forward and backward with SwiGLU, 1/6 else (activation checkpointing; Chen et al., 2016).</summary>
    Recompute,
}
