using Switchyard.Training.Results;

namespace Switchyard.Training.Quantizing;

/// <summary>What making experts integers did.</summary>
public sealed record QuantizeResult
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = "switchyard.quantize/1";

    /// <summary>The machine and software it ran on.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>The folder of the original.</summary>
    public required string Model { get; init; }

    /// <summary>The folder of the new checkpoint.</summary>
    public required string Output { get; init; }

    /// <summary>Bits of a weight.</summary>
    public required int Bits { get; init; }

    /// <summary>Weights along the input that share a scale.</summary>
    public required int Group { get; init; }

    /// <summary>The text of the calibration; null where weights were rounded to the nearest.</summary>
    public string? CalibrationText { get; init; }

    /// <summary>Tokens of it.</summary>
    public long CalibrationTokens { get; init; }

    /// <summary>The layers that were calibrated.</summary>
    public IReadOnlyList<QuantizedLayer> Layers { get; init; } = [];

    /// <summary>Bytes of the experts' weights before.</summary>
    public required long ExpertBytesBefore { get; init; }

    /// <summary>And after, scales included.</summary>
    public required long ExpertBytesAfter { get; init; }

    /// <summary>The text that both models were judged on; null for none.</summary>
    public string? JudgeText { get; init; }

    /// <summary>Tokens of it that were judged.</summary>
    public long? Tokens { get; init; }

    /// <summary>Nats a token before.</summary>
    public double? LossBefore { get; init; }

    /// <summary>And after.</summary>
    public double? LossAfter { get; init; }

    /// <summary>Wall time.</summary>
    public required double Seconds { get; init; }
}
