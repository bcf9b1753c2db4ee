using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Switchyard.Peers.Results;

namespace Switchyard.Peers.Models;

/// <summary>A model in a process of its own, so that neither library's threads wait beside the other's; it answers one command at a time.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts a worker and waits until its model is open.</summary>
    /// <param name="engine"><c>switchyard</c> or <c>llama</c>.</param>
    /// <param name="path">The model.</param>
    /// <param name="options">How it runs.</param>
    public WorkerProcess(string engine, string path, WorkerOptions options)
    {
        _process = OwnProcess.Start(WorkerCommand.Name, engine, path, JsonSerializer.Serialize(options));
        OpenMilliseconds = Number();
        Description = Line();
    }

    /// <summary>Time from the start of the library to an open model.</summary>
    public double OpenMilliseconds { get; }

    /// <summary>What the worker runs on.</summary>
    public string Description { get; }

    /// <summary>Runs a prompt of random tokens and returns its time in milliseconds.</summary>
    public double Prompt(int seed, int tokens) => Ask(string.Create(CultureInfo.InvariantCulture, $"prompt {seed} {tokens}"));

    /// <summary>Adds random tokens, one by one, and returns the time of all in milliseconds.</summary>
    public double Decode(int seed, int tokens) => Ask(string.Create(CultureInfo.InvariantCulture, $"decode {seed} {tokens}"));

    /// <summary>Resident memory, 10⁶ bytes.</summary>
    public double Megabytes() => Ask("memory");

    /// <summary>Logits of the last token.</summary>
    public float[] Logits()
    {
        _process.StandardInput.WriteLine("logits");
        return MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(Line())).ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private double Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        return Number();
    }

    private double Number() => double.Parse(Line(), CultureInfo.InvariantCulture);

    private string Line()
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith(WorkerLoop.Mark, StringComparison.Ordinal))
            {
                return line[WorkerLoop.Mark.Length..];
            }
        }

        throw new InvalidOperationException("a worker ended; what it said stands above");
    }
}
