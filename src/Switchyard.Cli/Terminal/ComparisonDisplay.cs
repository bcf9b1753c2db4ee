using System.Diagnostics;
using Switchyard.Training.Comparisons;

namespace Switchyard.Cli.Terminal;

/// <summary>Live progress of a comparison: the row, its step, loss and speed, and the time left for all.</summary>
internal sealed class ComparisonDisplay(StatusLine line, int steps) : IProgress<ComparisonProgress>, IDisposable
{
    private const double LeastShare = 0.002;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private double? _startShare;

    public ComparisonDisplay(int steps, bool quiet)
        : this(StatusLine.OnStandardError(quiet), steps)
    {
    }

    public void Report(ComparisonProgress value)
    {
        double share = (value.RowIndex + ((double)value.Training.Step / steps)) / value.RowCount;
        _startShare ??= share;
        line.Show(() => Text(value, share, share - _startShare.Value), last: value.Training.Step == steps);
    }

    public void Dispose() => line.Dispose();

    private string Text(ComparisonProgress value, double share, double done)
    {
        string left = TimeText.Of(done > LeastShare ? _clock.Elapsed.TotalSeconds * (1 - share) / done : double.NaN);
        string what = value.Training.Phase is "training"
            ? $"step {value.Training.Step}/{value.Training.Steps}  loss {value.Training.Loss:0.000}  {value.Training.TokensPerSecond:N0} tokens/s"
            : value.Training.Phase;
        return $"{Bar(share)}  \u001b[1m{value.Training.Row} ({value.RowIndex + 1}/{value.RowCount})\u001b[0m  {what}  {left} left";
    }

    /// <summary>A share as a bar and per cent.</summary>
    public static string Bar(double share)
    {
        const int width = 20;
        int full = Math.Clamp((int)(share * width), 0, width);
        return $"\u001b[36m{new string('━', full)}\u001b[2m{new string('━', width - full)}\u001b[0m {share,4:P0}";
    }
}
