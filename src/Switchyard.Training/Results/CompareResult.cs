namespace Switchyard.Training.Results;

/// <summary>What <c>compare</c> found, as written to JSON under the schema <c>switchyard.compare/1</c> and drawn by the report.</summary>
public sealed record CompareResult
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = "switchyard.compare/1";

    /// <summary>When the comparison ended, UTC.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>The machine and software it ran on.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>Name of the preset.</summary>
    public required string Preset { get; init; }

    /// <summary>The text it trained and judged on.</summary>
    public required CorpusInfo Corpus { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>Shape of the model, the same for each row.</summary>
    public required ModelInfo Model { get; init; }

    /// <summary>Runs that diverged and are in no row.</summary>
    public IReadOnlyList<DivergedRow> Diverged { get; init; } = [];

    /// <summary>One row a router, balancer and selector (the mean over seeds where there are several).</summary>
    public required IReadOnlyList<CompareRow> Rows { get; init; }
}
