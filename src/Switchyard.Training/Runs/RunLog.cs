using Microsoft.Extensions.Logging;

namespace Switchyard.Training.Runs;

/// <summary>What is logged of a run of training.</summary>
internal static partial class RunLog
{
    [LoggerMessage(1, LogLevel.Information, "{Row}: training from step {Step} to {Steps} in '{Folder}'")]
    public static partial void Begun(ILogger logger, string row, int step, int steps, string folder);

    [LoggerMessage(2, LogLevel.Warning, "{Row}: step {Step} was skipped, its loss or gradient is not finite")]
    public static partial void Skipped(ILogger logger, string row, int step);

    [LoggerMessage(3, LogLevel.Debug, "{Row}: checkpoint after step {Step} in '{Folder}'")]
    public static partial void Saved(ILogger logger, string row, int step, string folder);

    [LoggerMessage(4, LogLevel.Information, "{Row}: held-out loss {Loss} after step {Step}")]
    public static partial void Evaluated(ILogger logger, string row, double loss, int step);

    [LoggerMessage(5, LogLevel.Information, "{Row}: {Seconds} s, held-out loss {Loss}, Gini {Gini}, min-max {MinMax}")]
    public static partial void Ended(ILogger logger, string row, double seconds, double loss, double gini, double minMax);
}
