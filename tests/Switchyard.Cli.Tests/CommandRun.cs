using Switchyard.Cli.CommandLine;

namespace Switchyard.Cli.Tests;

/// <summary>Runs the program in this process and keeps what it prints.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    private static readonly Lock Gate = new();

    public static CommandRun Of(params string[] args)
    {
        lock (Gate)
        {
            TextWriter output = Console.Out;
            TextWriter error = Console.Error;
            using StringWriter keptOutput = new();
            using StringWriter keptError = new();
            Console.SetOut(keptOutput);
            Console.SetError(keptError);
            try
            {
                int code = Application.Run(args);
                return new CommandRun(code, keptOutput.ToString(), keptError.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(error);
            }
        }
    }

    /// <summary>Asserts a failure told in a line or two, and a pointer to the help.</summary>
    public void AssertFails(int code, params string[] parts)
    {
        Assert.Equal(code, ExitCode);
        Assert.Empty(Output);
        string[] lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(lines.Length, 1, 3);
        Assert.StartsWith("switchyard: ", lines[0], StringComparison.Ordinal);
        foreach (string part in parts)
        {
            Assert.Contains(part, Error, StringComparison.Ordinal);
        }
    }
}
