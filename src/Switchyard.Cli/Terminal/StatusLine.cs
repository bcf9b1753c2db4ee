using Spectre.Console;

namespace Switchyard.Cli.Terminal;

/// <summary>A line that is written over while work goes on, a few times a second; it is wiped at the end.</summary>
/// <param name="terminal">Where; null for nowhere.</param>
/// <param name="time">Tells the time; the system unless said otherwise.</param>
internal sealed class StatusLine(TextWriter? terminal, TimeProvider? time = null) : IDisposable
{
    private const string Wipe = "\r\u001b[2K";
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private long? _written;
    private bool _ended;

    /// <summary>A line on standard error; nowhere if that is no terminal, or quiet is asked for.</summary>
    public static StatusLine OnStandardError(bool quiet)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        bool dumb = string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);
        return new StatusLine(!quiet && !Console.IsErrorRedirected && !dumb && console.Profile.Capabilities.Ansi ? Console.Error : null);
    }

    /// <summary>Writes a line in the place of the last one, unless that was written just now.</summary>
    /// <param name="line">Makes the line; not called if nobody would see it.</param>
    /// <param name="last">Whether the line is to be seen in any case.</param>
    public void Show(Func<string> line, bool last = false)
    {
        if (terminal is null)
        {
            return;
        }

        lock (_lock)
        {
            if (!_ended && (last || _written is not { } then || _time.GetElapsedTime(then) >= Refresh))
            {
                _written = _time.GetTimestamp();
                terminal.Write(Wipe + line());
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (!_ended && _written is not null)
            {
                terminal!.Write(Wipe);
            }

            _ended = true;
        }
    }
}
