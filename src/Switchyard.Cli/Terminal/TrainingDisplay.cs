using System.Diagnostics;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Terminal;

/// <summary>Live progress of one run on standard error: phase, step, loss, speed, time left in the phase. Silent where standard error is no terminal.</summary>
internal sealed class TrainingDisplay(bool quiet) : IProgress<TrainingProgress>, IDisposable
{
    private readonly bool _shown = !quiet && !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
    private Stopwatch _clock = Stopwatch.StartNew();
    private string _phase = string.Empty;
    private int _first;

    public void Report(TrainingProgress value)
    {
        if (!_shown)
        {
            return;
        }

        if (value.Phase != _phase)
        {
            (_phase, _first, _clock) = (value.Phase, value.Step, Stopwatch.StartNew());
        }

        int done = value.Step - _first;
        string left = done > 0 ? $"  {TimeSpan.FromSeconds(Math.Round(_clock.Elapsed.TotalSeconds * (value.Steps - value.Step) / done)):c} left" : string.Empty;
        string what = double.IsNaN(value.Loss) ? string.Empty : $"  step {value.Step}/{value.Steps}  loss {value.Loss:0.000}  {value.TokensPerSecond:N0} tokens/s{left}";
        Console.Error.Write($"\r\u001b[2K\u001b[1m{value.Row}\u001b[0m  {value.Phase}{what}");
    }

    public void Dispose()
    {
        if (_shown && _phase.Length > 0)
        {
            Console.Error.Write("\r\u001b[2K");
            _phase = string.Empty;
        }
    }
}
