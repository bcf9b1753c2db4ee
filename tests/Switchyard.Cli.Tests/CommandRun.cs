using System.CommandLine;
using System.Diagnostics;
using Switchyard.Cli.CommandLine;

namespace Switchyard.Cli.Tests;

/// <summary>Runs the program and keeps what it prints.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    private static readonly Lock Gate = new();

    /// <summary>In this process.</summary>
    public static CommandRun Of(params string[] args) => Captured(() => Application.Run(args));

    /// <summary>One verb in this process, which may be told to stop.</summary>
    public static CommandRun Of(Command verb, CancellationToken cancellation, params string[] args) =>
        Captured(() => verb.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, cancellation).GetAwaiter().GetResult());

    /// <summary>In a process of its own, whose standard output is all there is to see.</summary>
    public static async Task<CommandRun> OwnProcessAsync(params string[] args)
    {
        bool muxer = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) is "dotnet";
        string program = Path.Combine(AppContext.BaseDirectory, "Switchyard.Cli");
        ProcessStartInfo start = new(muxer ? Environment.ProcessPath! : program, muxer ? [$"{program}.dll", .. args] : args)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CommandRun(process.ExitCode, output, await error);
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

    private static CommandRun Captured(Func<int> run)
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
                int code = run();
                return new CommandRun(code, keptOutput.ToString(), keptError.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(error);
            }
        }
    }
}
