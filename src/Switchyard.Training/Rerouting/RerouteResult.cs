using Switchyard.Training.Results;

namespace Switchyard.Training.Rerouting;

/// <summary>What replacing the routers of a checkpoint did, as written to JSON under the schema <c>switchyard.reroute/1</c>.</summary>
public sealed record RerouteResult
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = "switchyard.reroute/1";

    /// <summary>The machine and software it ran on.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>What was asked for.</summary>
    public required RerouteConfig Config { get; init; }

    /// <summary>Name of the new routing.</summary>
    public required string Routing { get; init; }

    /// <summary>The folder of the new checkpoint.</summary>
    public required string Output { get; init; }

    /// <summary>The text.</summary>
    public required CorpusInfo Corpus { get; init; }

    /// <summary>The original on the held-out text.</summary>
    public required RerouteFigures Before { get; init; }

    /// <summary>The new model on the held-out text.</summary>
    public required RerouteFigures After { get; init; }

    /// <summary>Of the experts that the old routers chose, the share that the new ones chose where they started, by layer.</summary>
    public required IReadOnlyList<double> AgreementAtStart { get; init; }

    /// <summary>The same at the end.</summary>
    public required IReadOnlyList<double> Agreement { get; init; }

    /// <summary>The step whose routers were kept.</summary>
    public required int KeptStep { get; init; }

    /// <summary>Factor on the balancers' choice bias that keeps the loss where it was; 1 for none.</summary>
    public double BiasStrength { get; init; } = 1;

    /// <summary>Whether the loss is not above the original's.</summary>
    public bool LossKept => After.Loss <= Before.Loss;

    /// <summary>Steps done.</summary>
    public required int Steps { get; init; }

    /// <summary>Wall time of fitting and training.</summary>
    public required double Seconds { get; init; }

    /// <summary>The logged steps.</summary>
    public required IReadOnlyList<HistoryPoint> History { get; init; }

    /// <summary>The original on the text that both were judged by; null where there was none.</summary>
    public ProfileResult? JudgedBefore { get; init; }

    /// <summary>The new model on that text.</summary>
    public ProfileResult? JudgedAfter { get; init; }
}
