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
    public static Task<CommandRun> OwnProcessAsync(params string[] args)
    {
        (string program, string[] all) = CommandLine(args);
        return OfProcessAsync(new ProcessStartInfo(program, all));
    }

    /// <summary>In a process of its own, with bytes on its standard input.</summary>
    public static Task<CommandRun> WithInputAsync(byte[] input, params string[] args)
    {
        (string program, string[] all) = CommandLine(args);
        return OfProcessAsync(new ProcessStartInfo(program, all), input);
    }

    /// <summary>In a process of its own that cannot write a file larger than some KiB, as if the disk were full by then; on systems with bash alone.</summary>
    public static Task<CommandRun> WithLittleDiskAsync(int kibibytes, params string[] args) => LimitedAsync("trap '' XFSZ", kibibytes, args);

    /// <summary>The same, but the system kills the process when a file would become larger: it has no time to tidy up.</summary>
    public static Task<CommandRun> KilledByLittleDiskAsync(int kibibytes, params string[] args) => LimitedAsync("ulimit -c 0", kibibytes, args);

    private static Task<CommandRun> LimitedAsync(string first, int kibibytes, string[] args)
    {
        (string program, string[] all) = CommandLine(args);
        ProcessStartInfo start = new("bash", ["-c", $"{first}; ulimit -f \"$0\"; exec \"$@\"", $"{kibibytes}", program, .. all]);
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // the runtime's own pages are a large file otherwise
        return OfProcessAsync(start);
    }

    private static (string Program, string[] Arguments) CommandLine(string[] args)
    {
        bool muxer = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) is "dotnet";
        string program = Path.Combine(AppContext.BaseDirectory, "Switchyard.Cli");
        return muxer ? (Environment.ProcessPath!, [$"{program}.dll", .. args]) : (program, args);
    }

    private static async Task<CommandRun> OfProcessAsync(ProcessStartInfo start, byte[]? input = null)
    {
        start.RedirectStandardInput = input is not null;
        start.UseShellExecute = false;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        if (input is not null)
        {
            await process.StandardInput.BaseStream.WriteAsync(input, TestContext.Current.CancellationToken);
            process.StandardInput.Close();
        }

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
