using System.Diagnostics;
using Switchyard.Training.Profiles;

namespace Switchyard.Cli.Terminal;

/// <summary>Live progress over text: tokens, speed and, where a limit was set, the time left at most.</summary>
internal sealed class TokenProgress(StatusLine line) : IProgress<ProfileProgress>, IDisposable
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public TokenProgress(bool quiet)
        : this(StatusLine.OnStandardError(quiet))
    {
    }

    public void Report(ProfileProgress value) => line.Show(() =>
    {
        double speed = value.Tokens / Math.Max(1e-9, _clock.Elapsed.TotalSeconds);
        string left = value.MostTokens == long.MaxValue ? string.Empty : $" of {value.MostTokens:N0}, at most {TimeText.Of((value.MostTokens - value.Tokens) / speed)} left";
        return $"{value.Tokens:N0} tokens{left}, {speed:N0} tokens/s";
    });

    public void Dispose() => line.Dispose();
}
