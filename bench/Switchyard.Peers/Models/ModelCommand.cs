using System.CommandLine;
using Switchyard.Kernels;
using Switchyard.Peers.Results;

namespace Switchyard.Peers.Models;

/// <summary><c>model</c>: a whole model beside llama.cpp.</summary>
internal static class ModelCommand
{
    private static readonly string[] Types = ["bf16", "int8", "int4"];

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        Option<string> folder = new("--folder") { Description = "where the models are made, 10 GB of disk (18 with --keep); files that are there are taken as they are", Required = true, HelpName = "FOLDER" };
        Option<string> types = new("--types") { Description = "types of the experts", DefaultValueFactory = _ => string.Join(',', Types), HelpName = "LIST" };
        Option<string> dense = new("--peer-dense") { Description = "llama.cpp's attention, embeddings and head: experts, of the type of the experts, as its converter writes them; bf16, as our checkpoints have them", DefaultValueFactory = _ => "experts" };
        Option<string> compute = new("--compute") { Description = "type of our products", DefaultValueFactory = _ => "bf16" };
        Option<Arithmetic?> arithmetic = new("--arithmetic") { Description = "what the products of our experts multiply; what follows from --compute unless said otherwise", HelpName = "fp32|bf16|int16|int8" };
        Option<int> threads = new("--threads") { Description = "threads of both", DefaultValueFactory = _ => Environment.ProcessorCount, HelpName = "N" };
        Option<int> layers = new("--layers") { Description = "layers of the model", DefaultValueFactory = _ => new RandomModel().Layers, HelpName = "N" };
        Option<int> prompt = new("--prompt") { Description = "tokens of a prompt", DefaultValueFactory = _ => 512, HelpName = "N" };
        Option<int> decode = new("--decode") { Description = "tokens after it, one by one", DefaultValueFactory = _ => 32, HelpName = "N" };
        Option<int> rounds = new("--rounds") { Description = "measurements of each; the table has medians", DefaultValueFactory = _ => 5, HelpName = "N" };
        Option<bool> all = new("--all-logits") { Description = "the logits of every token of the prompt; otherwise of its last, for which llama.cpp leaves out the last layer's experts of all other tokens" };
        Option<bool> keep = new("--keep") { Description = "leave the files for the next run" };
        Option<bool> prepare = new("--prepare") { Description = "make the files, keep them, and time nothing" };
        Option<string?> json = new("--json") { Description = "write the result as JSON", HelpName = "FILE" };
        types.AcceptOnlyFromLists(Types);
        dense.AcceptOnlyFromAmong("experts", "bf16");
        compute.AcceptOnlyFromAmong("bf16", "fp32");
        Command command = new("model", "A random Qwen2-MoE (hidden 2048, 60 experts top-4 of 1408, shared 5632, vocabulary 32000): tokens/s of Switchyard and llama.cpp, in turn, each in a process of its own.")
        {
            folder, types, dense, compute, arithmetic, threads, layers, prompt, decode, rounds, all, keep, prepare, json,
        };
        command.SetAction(parse =>
        {
            RandomModel model = new() { Layers = parse.GetValue(layers) };
            ModelFiles files = new(model, parse.GetValue(folder)!, parse.GetValue(dense) is "experts");
            int length = parse.GetValue(prompt) + parse.GetValue(decode);
            WorkerOptions options = new(parse.GetValue(threads), (length + 255) / 256 * 256, model.Vocabulary, parse.GetValue(compute)!, parse.GetValue(all), parse.GetValue(arithmetic));
            ModelComparison comparison = new(options, parse.GetValue(prompt), parse.GetValue(decode), parse.GetValue(rounds));
            List<ModelRow> rows = [];
            bool stays = parse.GetValue(keep) || parse.GetValue(prepare);
            foreach (string type in parse.GetValue(types)!.Split(','))
            {
                (string checkpoint, string gguf) = (files.Checkpoint(type), files.Gguf(type));
                if (!parse.GetValue(prepare))
                {
                    rows.Add(comparison.Run(type, checkpoint, gguf, parse.GetValue(dense) is "bf16" ? "bf16" : type));
                }

                if (!stays)
                {
                    files.Delete(type);
                }
            }

            if (!stays)
            {
                files.DeleteSource();
            }

            if (rows.Count == 0)
            {
                return;
            }

            ModelTable.Print(rows);
            JsonFile.Write(parse.GetValue(json), new ModelResult(Machine.Here(options.Threads), model, options, parse.GetValue(prompt), parse.GetValue(decode), rows));
        });
        return command;
    }
}
