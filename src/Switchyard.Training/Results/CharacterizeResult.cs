using Switchyard.Training.Characterizing;

namespace Switchyard.Training.Results;

/// <summary>Routers of one model side by side, as written to JSON under the schema <c>switchyard.characterize/1</c> and drawn by the report.</summary>
public sealed record CharacterizeResult
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = CharacterizeResultJson.Schema;

    /// <summary>When it ended, UTC.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>The machine and software it ran on.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>What was asked for.</summary>
    public required CharacterizeConfig Config { get; init; }

    /// <summary>The model with experts; its path is that of the dense one where it was upcycled.</summary>
    public required ProfileModel Model { get; init; }

    /// <summary>Whether loss is of masked tokens instead of next ones.</summary>
    public bool Masked { get; init; }

    /// <summary>The text that the rows were judged by.</summary>
    public required ProfileText Judged { get; init; }

    /// <summary>Tokens of it whose prediction was scored.</summary>
    public long Targets { get; init; }

    /// <summary>Loss of the dense model on that text, nats a token; null where the model had experts.</summary>
    public double? DenseLoss { get; init; }

    /// <summary>The original, then one row a router.</summary>
    public required IReadOnlyList<CharacterizeRow> Rows { get; init; }

    /// <summary>Registered routers that cannot be put into the model.</summary>
    public IReadOnlyList<LeftOutRouter> LeftOut { get; init; } = [];

    /// <summary>Rows that diverged and are in no row.</summary>
    public IReadOnlyList<DivergedRow> Diverged { get; init; } = [];
}
