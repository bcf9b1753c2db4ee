namespace Switchyard.Balancing;

/// <summary>Over which tokens a balancer evens the load.</summary>
public enum BalanceScope
{
    /// <summary>The tokens of one forward pass.</summary>
    Batch,

    /// <summary>Each sequence by itself; the mean over sequences.</summary>
    Sequence,

    /// <summary>All micro-batches of a step, and all ranks where <see cref="Balancer.ReduceLoad"/> is set.</summary>
    Global,

    /// <summary>Only batches before this one (<c>dual</c>): causal in training.</summary>
    SequencePrefix,
}
