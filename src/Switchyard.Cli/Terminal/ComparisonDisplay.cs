using System.Diagnostics;
using Spectre.Console;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Configuration;

namespace Switchyard.Cli.Terminal;

/// <summary>Live progress on standard error: the row, its step, loss and speed, and the time left for the row and for all. Silent where standard error is no terminal.</summary>
internal sealed class ComparisonDisplay : IProgress<ComparisonProgress>, IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly IAnsiConsole? _console;
    private readonly Lock _lock = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly int _steps;
    private TimeSpan _shown = TimeSpan.MinValue;
    private double _startShare = double.NaN;
    private bool _done;

    private ComparisonDisplay(IAnsiConsole? console, int steps)
    {
        _console = console;
        _steps = steps;
    }

    public static ComparisonDisplay Start(RunConfig config, bool quiet) => new(quiet ? null : Interactive(), config.Training.Steps);

    public void Report(ComparisonProgress value)
    {
        if (_console is null)
        {
            return;
        }

        lock (_lock)
        {
            double share = (value.RowIndex + ((double)value.Training.Step / _steps)) / value.RowCount;
            if (double.IsNaN(_startShare))
            {
                _startShare = share;
            }

            if (_done || (_clock.Elapsed - _shown < Refresh && value.Training.Step < _steps))
            {
                return;
            }

            _shown = _clock.Elapsed;
            _console.Write(new ControlCode("\r\u001b[2K" + Line(value, share)));
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (!_done)
            {
                _done = true;
                _console?.Write(new ControlCode("\r\u001b[2K"));
            }
        }
    }

    /// <summary>A console on standard error, or null where it is no terminal.</summary>
    private static IAnsiConsole? Interactive()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        bool dumb = string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);
        return console.Profile.Capabilities.Ansi && !Console.IsErrorRedirected && !dumb ? console : null;
    }

    private string Line(ComparisonProgress value, double share)
    {
        double done = share - _startShare;
        string left = done > 0.002 ? Time(_clock.Elapsed * ((1 - share) / done)) : "…";
        const int width = 20;
        int full = (int)(share * width);
        string bar = new string('━', full) + "\u001b[2m" + new string('━', width - full) + "\u001b[0m";
        string row = $"{value.Training.Row} ({value.RowIndex + 1}/{value.RowCount})";
        string what = value.Training.Phase is "training"
            ? $"step {value.Training.Step}/{value.Training.Steps}  loss {value.Training.Loss:0.000}  {value.Training.TokensPerSecond:N0} tokens/s"
            : value.Training.Phase;
        return $"\u001b[36m{bar}\u001b[0m {share,4:P0}  \u001b[1m{row}\u001b[0m  {what}  {left} left";
    }

    private static string Time(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";
}
