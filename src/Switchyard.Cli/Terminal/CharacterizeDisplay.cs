using System.Diagnostics;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Terminal;

/// <summary>Live progress of a characterisation: the row, its phase, step, loss and speed, and the time left for all.</summary>
internal sealed class CharacterizeDisplay(StatusLine line, int distillSteps, int steps) : IProgress<ComparisonProgress>, IDisposable
{
    private const double LeastShare = 0.002;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly int _all = Math.Max(1, distillSteps + steps);
    private double? _first;
    private double _share;

    public CharacterizeDisplay(bool quiet, int distillSteps, int steps)
        : this(StatusLine.OnStandardError(quiet), distillSteps, steps)
    {
    }

    public void Report(ComparisonProgress value)
    {
        TrainingProgress now = value.Training;
        int done = now.Phase switch { "fitting" => now.Step, "training" => distillSteps + now.Step, "evaluating" => _all, _ => 0 };
        _share = Math.Max(_share, (value.RowIndex + ((double)done / _all)) / value.RowCount);
        _first ??= _share;
        line.Show(() => Text(value));
    }

    public void Dispose() => line.Dispose();

    private string Text(ComparisonProgress value)
    {
        TrainingProgress now = value.Training;
        double since = _share - _first!.Value;
        string left = TimeText.Of(since > LeastShare ? _clock.Elapsed.TotalSeconds * (1 - _share) / since : double.NaN);
        string what = double.IsNaN(now.Loss) ? now.Phase : $"{now.Phase}  step {now.Step}/{now.Steps}  loss {now.Loss:0.000}  {now.TokensPerSecond:N0} tokens/s";
        return $"{ComparisonDisplay.Bar(_share)}  \u001b[1m{now.Row} ({value.RowIndex + 1}/{value.RowCount})\u001b[0m  {what}  {left} left";
    }
}
