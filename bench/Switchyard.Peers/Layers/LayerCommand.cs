using System.CommandLine;
using System.Globalization;
using Switchyard.Peers.Results;
using Switchyard.Training.Benchmarks;
using TorchSharp;

namespace Switchyard.Peers.Layers;

/// <summary><c>layer</c>: one MoE layer beside torch, ONNX Runtime and ggml.</summary>
internal static class LayerCommand
{
    private static readonly string[] Shapes = ["small", "lpr", "mixtral-mini", "olmoe", "qwen3-30b"];
    private static readonly string[] Kinds = [.. Enum.GetNames<WeightKind>().Select(n => n.ToLowerInvariant())];

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        Option<string> shapes = new("--shape") { Description = "shapes of the layer", DefaultValueFactory = _ => string.Join(',', Shapes), HelpName = "LIST" };
        Option<string> tokens = new("--tokens") { Description = "token counts", DefaultValueFactory = _ => "1,16,128,1024", HelpName = "LIST" };
        Option<string> kinds = new("--weights") { Description = "types of the experts' weights", DefaultValueFactory = _ => string.Join(',', Kinds), HelpName = "LIST" };
        Option<string> only = new("--only") { Description = "beginnings of the names of those to time, such as ort,switchyard", DefaultValueFactory = _ => string.Empty, HelpName = "LIST" };
        Option<int> threads = new("--threads") { Description = "threads of each", DefaultValueFactory = _ => Environment.ProcessorCount, HelpName = "N" };
        Option<double> seconds = new("--seconds") { Description = "time of each in each of five rounds", DefaultValueFactory = _ => 0.06, HelpName = "N" };
        Option<string?> json = new("--json") { Description = "write the result as JSON", HelpName = "FILE" };
        shapes.AcceptOnlyFromLists(Shapes);
        kinds.AcceptOnlyFromLists(Kinds);
        Command command = new("layer", "One SwiGLU MoE layer, forward, in one process: router, softmax, top-k, experts, weighted sum; fp32 tokens in and out. Needs 12 GB of memory for the largest shape.")
        {
            shapes, tokens, kinds, only, threads, seconds, json,
        };
        command.SetAction(parse =>
        {
            OpenMpWait.LoadTorch();
            int count = parse.GetValue(threads);
            torch.set_num_threads(count);
            Machine machine = Machine.Here(count);
            Console.WriteLine($"{machine.Processor}, {machine.Instructions}, {count} threads; {Ggml.Build}");
            int[] counts = [.. Words(parse.GetValue(tokens)!).Select(t => int.Parse(t, CultureInfo.InvariantCulture))];
            WeightKind[] types = [.. Words(parse.GetValue(kinds)!).Select(k => Enum.Parse<WeightKind>(k, ignoreCase: true)).Order()];
            LayerComparison comparison = new(counts, types, Words(parse.GetValue(only)!), count, TimeSpan.FromSeconds(parse.GetValue(seconds)));
            LayerRow[] rows = [.. Words(parse.GetValue(shapes)!).SelectMany(s => comparison.Run(BenchShape.All.Get(s)))];
            LayerTable.Print(rows, counts);
            JsonFile.Write(parse.GetValue(json), new LayerResult(machine, Ggml.Build, rows, [.. LayerRatio.Of(rows)]));
        });
        return command;

        static string[] Words(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
