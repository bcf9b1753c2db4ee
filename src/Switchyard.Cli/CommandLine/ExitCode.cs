namespace Switchyard.Cli.CommandLine;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int BadUsage = 2;
    public const int BadInput = 3;
    public const int Diverged = 4;
    public const int Interrupted = 130;
}
