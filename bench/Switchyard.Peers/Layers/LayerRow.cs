namespace Switchyard.Peers.Layers;

/// <summary>One way of running one layer with T tokens.</summary>
internal sealed record LayerRow
{
    /// <summary>Name of the shape.</summary>
    public required string Shape { get; init; }

    /// <summary>Tokens T.</summary>
    public required int Tokens { get; init; }

    /// <summary>Type of the weights.</summary>
    public required WeightKind Weights { get; init; }

    /// <summary>Who runs it, and how.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is Switchyard.</summary>
    public required bool IsOurs { get; init; }

    /// <summary>Median time.</summary>
    public required double Milliseconds { get; init; }

    /// <summary>Operations of the experts a nanosecond; the router is timed and not counted.</summary>
    public required double Gops { get; init; }

    /// <summary>‖output − reference‖ ÷ ‖reference‖ of some tokens, of unrounded weights in double precision.</summary>
    public required double Error { get; init; }

    /// <summary>Whether the error is one that rounding explains.</summary>
    public required bool IsRight { get; init; }
}
