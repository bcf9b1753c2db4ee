using TorchSharp;

namespace Switchyard.Routing;

/// <summary>What a router, selector or balancer may know of the T tokens of a batch beside their hidden states.</summary>
public sealed record RoutingContext
{
    /// <summary>Nothing is known: one sequence, no token ids, no padding.</summary>
    public static RoutingContext None { get; } = new();

    /// <summary>Token ids [T] int64, needed by hash routing; null where they are not at hand.</summary>
    public torch.Tensor? TokenIds { get; init; }

    /// <summary>Which tokens are real, [T] bool; null means all. Padding takes part in no loss, load or statistic.</summary>
    public torch.Tensor? TokenMask { get; init; }

    /// <summary>Tokens of a sequence, N, where the T = B·N tokens are B sequences of equal length; 0 means one sequence of T tokens.</summary>
    public long SequenceLength { get; init; }
}
