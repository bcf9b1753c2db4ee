using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Models.Checkpoints;

namespace Switchyard.Cli.Verbs;

/// <summary>What is in a checkpoint, and what is needed to run it. No weight is read, but for biases that must be zero, and torch is not loaded.</summary>
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
        Output.WriteJson(parse, common, checkpoint);
        if (common.Prints(parse))
        {
            Console.Out.WriteLine(CheckpointDisplay.Render(checkpoint));
        }

        return ExitCode.Done;
    }
}
