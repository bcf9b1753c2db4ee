using System.CommandLine;
using System.Text;
using System.Text.Json;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Models.Checkpoints;
using Switchyard.Training.Configuration;

namespace Switchyard.Cli.Verbs;

/// <summary>What is in a checkpoint, and what is needed to run it. No weight is read and torch is not loaded.</summary>
internal static class InspectVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        Argument<string> model = new("MODEL") { Description = "the folder of a model, or of a repository in a hub cache", Validators = { CommonOptions.RefuseDash } };
        Command command = Verb.Make(
            "inspect",
            "What is in a checkpoint: architecture, tensors, types, sizes, MoE layout, what is needed to run it.",
            "switchyard inspect ~/.cache/huggingface/hub/models--allenai--OLMoE-1B-7B-0924",
            common,
            (parse, _) => Run(parse, common, parse.GetValue(model)!));
        command.Arguments.Add(model);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, string path)
    {
        CheckpointDescription checkpoint = CheckpointDescription.Of(path);
        string json = JsonSerializer.Serialize(checkpoint, ConfigFile.Json) + "\n";
        Output.WriteJson(parse, common, stream => stream.Write(Encoding.UTF8.GetBytes(json)), file => File.WriteAllText(file, json));
        if (!parse.GetValue(common.Quiet) && !common.JsonToStandardOutput(parse))
        {
            Console.Out.WriteLine(CheckpointDisplay.Render(checkpoint));
        }

        return ExitCode.Done;
    }
}
