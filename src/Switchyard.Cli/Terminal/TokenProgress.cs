using System.Diagnostics;
using Switchyard.Training.Profiles;

namespace Switchyard.Cli.Terminal;

/// <summary>Live progress over text on standard error: tokens, speed and, where a limit was set, the time left at most. Silent where standard error is no terminal.</summary>
internal sealed class TokenProgress(bool quiet) : IProgress<ProfileProgress>, IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    private readonly bool _shown = !quiet && !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _last = TimeSpan.MinValue;

    public void Report(ProfileProgress value)
    {
        if (!_shown || _clock.Elapsed - _last < Refresh)
        {
            return;
        }

        _last = _clock.Elapsed;
        double speed = value.Tokens / Math.Max(1e-9, _clock.Elapsed.TotalSeconds);
        string left = value.MostTokens == long.MaxValue ? string.Empty : $" of {value.MostTokens:N0}, at most {TimeSpan.FromSeconds(Math.Round((value.MostTokens - value.Tokens) / speed)):c} left";
        Console.Error.Write($"\r\u001b[2K{value.Tokens:N0} tokens{left}, {speed:N0} tokens/s");
    }

    public void Dispose()
    {
        if (_shown && _last > TimeSpan.MinValue)
        {
            Console.Error.Write("\r\u001b[2K");
        }
    }
}
