using System.CommandLine;
using System.Globalization;
using Switchyard.Native;
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
        Option<int> turns = new("--rounds") { Description = "turns of each", DefaultValueFactory = _ => 5, HelpName = "N" };
        Option<double> seconds = new("--seconds") { Description = "time of a turn; a call that began is ended", DefaultValueFactory = _ => 0.06, HelpName = "N" };
        Option<bool> spinning = new("--spinning") { Description = "time torch and ggml, and nothing else, in this process", Hidden = true };
        Option<string?> json = new("--json") { Description = "write the result as JSON", HelpName = "FILE" };
        shapes.AcceptOnlyFromLists(Shapes);
        kinds.AcceptOnlyFromLists(Kinds);
        Command command = new("layer", "One SwiGLU MoE layer, forward: router, softmax, top-k, experts, weighted sum; fp32 tokens in and out. Needs 12 GB of memory for the largest shape.")
        {
            shapes, tokens, kinds, only, threads, turns, seconds, spinning, json,
        };
        command.SetAction(parse =>
        {
            bool spins = parse.GetValue(spinning);
            int count = parse.GetValue(threads);
            if (!spins)
            {
                OpenMp.SleepBetweenRegions();
            }

            LargeBlocks.Keep();
            LibTorch.Load();
            torch.set_num_threads(count);
            Machine machine = Machine.Here(count);
            int[] counts = [.. Words(parse.GetValue(tokens)!).Select(t => int.Parse(t, CultureInfo.InvariantCulture))];
            WeightKind[] types = [.. Words(parse.GetValue(kinds)!).Select(k => Enum.Parse<WeightKind>(k, ignoreCase: true)).Order()];
            string[] names = Words(parse.GetValue(only)!);
            bool IsAsked(string name) => names.Length == 0 || names.Any(o => name.StartsWith(o, StringComparison.Ordinal));
            LayerComparison comparison = new(counts, types, name => IsAsked(name) && SpinningProcess.Holds(name) == spins, count, parse.GetValue(turns), TimeSpan.FromSeconds(parse.GetValue(seconds)));
            List<LayerRow> rows = [];
            string build = spins ? Ggml.Build : string.Empty;
            foreach (string shape in Words(parse.GetValue(shapes)!))
            {
                rows.AddRange(comparison.Run(BenchShape.All.Get(shape)));
                if (!spins)
                {
                    LayerResult others = SpinningProcess.Run(["--shape", shape, .. new Option[] { tokens, kinds, only, threads, turns, seconds }.SelectMany(o => Given(parse, o))]);
                    build = others.Ggml;
                    rows.AddRange(others.Rows);
                }
            }

            if (!spins)
            {
                Console.WriteLine($"{machine.Processor}, {machine.Instructions}, {count} threads; {build}");
                LayerTable.Print(rows, counts);
            }

            JsonFile.Write(parse.GetValue(json), new LayerResult(machine, build, rows, [.. LayerRatio.Of(rows)]));
        });
        return command;

        // As it was given; where it was not, the child has the same default.
        static IEnumerable<string> Given(ParseResult parse, Option option) =>
            parse.GetResult(option) is { Implicit: false, Tokens: [{ } token, ..] } ? [option.Name, token.Value] : [];

        static string[] Words(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
