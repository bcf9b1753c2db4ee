using System.Diagnostics;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Terminal;

/// <summary>Live progress of one run: phase, step, loss, speed, time left in the phase.</summary>
internal sealed class TrainingDisplay(StatusLine line) : IProgress<TrainingProgress>, IDisposable
{
    private Stopwatch _clock = Stopwatch.StartNew();
    private string _phase = string.Empty;
    private int _first;

    public TrainingDisplay(bool quiet)
        : this(StatusLine.OnStandardError(quiet))
    {
    }

    public void Report(TrainingProgress value)
    {
        if (value.Phase != _phase)
        {
            (_phase, _first, _clock) = (value.Phase, value.Step, Stopwatch.StartNew());
        }

        line.Show(() => $"\u001b[1m{value.Row}\u001b[0m  {value.Phase}{What(value)}", last: value.Step == value.Steps);
    }

    public void Dispose() => line.Dispose();

    private string What(TrainingProgress value)
    {
        int done = value.Step - _first;
        string left = done > 0 ? $"  {TimeText.Of(_clock.Elapsed.TotalSeconds * (value.Steps - value.Step) / done)} left" : string.Empty;
        return double.IsNaN(value.Loss) ? string.Empty : $"  step {value.Step}/{value.Steps}  loss {value.Loss:0.000}  {value.TokensPerSecond:N0} tokens/s{left}";
    }
}
