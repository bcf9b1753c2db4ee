namespace Switchyard.Training.Results;

/// <summary>What a profile means, in words.</summary>
public sealed record Diagnosis
{
    /// <summary>Every layer, the worst first.</summary>
    public required IReadOnlyList<LayerDiagnosis> Layers { get; init; }

    /// <summary>Mean over layers of what the unevenness costs on 2, 4 and 8 devices.</summary>
    public required IReadOnlyList<DeviceCost> Cost { get; init; }

    /// <summary>The verdict and what it costs, sentence by sentence.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>What would be tried, the most worthwhile first.</summary>
    public required IReadOnlyList<string> Advice { get; init; }
}
