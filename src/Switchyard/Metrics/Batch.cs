namespace Switchyard.Metrics;

/// <summary>One forward pass of one layer as spans on the host. An empty span stands for what is not recorded or not known.</summary>
internal readonly ref struct Batch
{
    /// <summary>T.</summary>
    public int Tokens { get; init; }

    /// <summary>k, slots a token.</summary>
    public int Slots { get; init; }

    /// <summary>[T, k], −1 for an empty slot.</summary>
    public ReadOnlySpan<long> Experts { get; init; }

    /// <summary>[T, k].</summary>
    public ReadOnlySpan<double> Weights { get; init; }

    /// <summary>[T, E].</summary>
    public ReadOnlySpan<double> Scores { get; init; }

    /// <summary>[T], 0 for padding.</summary>
    public ReadOnlySpan<byte> Mask { get; init; }

    /// <summary>[T] or [B].</summary>
    public ReadOnlySpan<int> Domains { get; init; }

    public long DroppedPairs { get; init; }
}
