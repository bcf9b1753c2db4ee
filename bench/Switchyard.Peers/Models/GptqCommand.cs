using System.CommandLine;

namespace Switchyard.Peers.Models;

/// <summary><c>gptq</c>: writes a random checkpoint in GPTQ's layout, to try what runs on one.</summary>
internal static class GptqCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        Option<string> folder = new("--folder") { Description = "the folder to write", Required = true, HelpName = "FOLDER" };
        Option<int> layers = new("--layers") { Description = "layers of the model", DefaultValueFactory = _ => new RandomModel().Layers, HelpName = "N" };
        Command command = new("gptq", "Writes a random Qwen2-MoE of the sizes of `model` with 4-bit weights as AutoGPTQ lays them out; times nothing.") { folder, layers };
        command.SetAction(parse => new RandomModel { Layers = parse.GetValue(layers) }.WriteGptq(parse.GetValue(folder)!));
        return command;
    }
}
