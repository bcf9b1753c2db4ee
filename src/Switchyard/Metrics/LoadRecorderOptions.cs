namespace Switchyard.Metrics;

/// <summary>What a <see cref="LoadRecorder"/> records beside the load itself. Nothing else is computed.</summary>
public sealed record LoadRecorderOptions
{
    /// <summary>Loads and drops alone: one count over the experts [T, k] of each layer, for the training loop.</summary>
    public static LoadRecorderOptions LoadOnly { get; } = new()
    {
        PerBatch = false,
        SoftLoad = false,
        Scores = false,
        CoActivation = false,
    };

    /// <summary>Gini and min-max of each batch by itself.</summary>
    public bool PerBatch { get; init; } = true;

    /// <summary>Sums of combine weights.</summary>
    public bool SoftLoad { get; init; } = true;

    /// <summary>Routing entropy and margin, which read the scores [T, E].</summary>
    public bool Scores { get; init; } = true;

    /// <summary>How often two experts share a token, [E, E].</summary>
    public bool CoActivation { get; init; } = true;

    /// <summary>Number of domains that loads are counted by; 0 for none.</summary>
    public int Domains
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>Devices D that the imbalance cost is stated for.</summary>
    public int Devices
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 8;
}
