using System.CommandLine;

namespace Switchyard.Peers.Models;

/// <summary>The command of a child process.</summary>
internal static class WorkerCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "worker";

    /// <summary>Makes it.</summary>
    public static Command Make()
    {
        Argument<string[]> arguments = new("arguments");
        Command command = new(Name, "Serves one model to the process that started it.") { Hidden = true };
        command.Arguments.Add(arguments);
        command.SetAction(parse =>
        {
            string[] words = parse.GetValue(arguments)!;
            WorkerLoop.Run(words[0], words[1], System.Text.Json.JsonSerializer.Deserialize<WorkerOptions>(words[2])!);
        });
        return command;
    }
}
