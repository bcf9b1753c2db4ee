using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Experts;
using Switchyard.Kernels.Limits;
using Switchyard.Models.Files;
using Switchyard.Training.Benchmarks;

namespace Switchyard.Cli.Verbs;

/// <summary>Measures routers, executors and layers on this machine.</summary>
internal static class BenchVerb
{
    public static Command Make()
    {
        Command command = new("bench", "Measure routers, executors, whole layers, products and the limits of this machine, beside the peers in the same run.");
        command.Subcommands.Add(Make("router", "Router, selector and plan, beside the linear router and the whole layer.", "switchyard bench router --shape qwen15moe --tokens 128,1024", RouterBench.Run));
        command.Subcommands.Add(Make("executor", "Executors on the same plan, beside torch's own ways.", "switchyard bench executor --shape small --load zipf:1 --direction forward-backward", ExecutorBench.Run));
        command.Subcommands.Add(Make("layer", "Whole MoE layers with each executor.", "switchyard bench layer --shape small,lpr --tokens 1,128,1024 --storage fp32,int8 --load zipf:1", LayerBench.Run));
        command.Subcommands.Add(BenchLimits.Product());
        command.Subcommands.Add(BenchLimits.Roofline());
        return command;
    }

    private static Command Make(string name, string description, string example, Func<BenchOptions, CancellationToken, IEnumerable<BenchRow>> measure)
    {
        CommonOptions common = new();
        BenchArguments arguments = new(common);
        InstructionLimit limit = new();
        Option<string?> table = new("--write-table") { Description = "write the fastest executor of each measurement to FILE, as the table of executor 'auto'", HelpName = "FILE" };
        Command command = Verb.Make(name, description, example, common, (parse, cancellation) =>
        {
            limit.Set(parse);
            Verb.UseThreads(parse, common);
            string? file = name is "executor" ? parse.GetValue(table) : null;
            if (file is not null)
            {
                OutputFile.RequireWritable("--write-table", file);
            }

            IReadOnlyList<BenchOptions> options = arguments.Read(parse);
            MachineLimits[]? limits = name is "executor" ? [.. RooflineBench.Run(options[0].Threads, cancellation)] : null;
            List<BenchRow> rows = Print(parse, common, options.SelectMany(o => measure(o, cancellation)).Select(row => limits is null ? row : RooflineBench.WithEfficiency(row, limits)));
            BenchLimits.Write(parse, common, limits, rows);
            if (file is not null)
            {
                AtomicFile.Write(file, ExecutorTableBench.Of(rows).Write);
            }

            return ExitCode.Done;
        });
        arguments.AddTo(command);
        limit.AddTo(command);
        if (name is "executor")
        {
            command.Options.Add(table);
        }

        return command;
    }

    /// <summary>The rows, printed one by one unless nothing is to be printed.</summary>
    private static List<BenchRow> Print(ParseResult parse, CommonOptions common, IEnumerable<BenchRow> measurements)
    {
        bool print = common.Prints(parse);
        List<BenchRow> rows = [];
        if (print)
        {
            Console.Out.WriteLine($"{"shape",-13}{"tokens",7}{"threads",8}  {"name",-26}{"ms",10}{"Gop/s",9}{"limit",7}{"waste",7}{"layer",7}  {"ratio",6}  peer");
        }

        string? group = null;
        foreach (BenchRow row in measurements)
        {
            rows.Add(row);
            if (!print)
            {
                continue;
            }

            string next = string.Join(", ", new[] { row.Storage, row.Load, row.Direction }.OfType<string>());
            if (group != next)
            {
                Console.Out.WriteLine(next);
                group = next;
            }

            string name = string.Join(", ", new[] { row.Executor, row.Arithmetic?.ToString().ToLowerInvariant(), row.Activations is SavedActivations.Recompute ? "recompute" : null }.OfType<string>());
            Console.Out.WriteLine(
                $"{row.Shape,-13}{row.Tokens,7}{row.Threads,8}  {name,-26}{row.Milliseconds,10:0.000}{row.Gops,9:0.0}{row.Efficiency,7:P0}{row.PaddingWaste,7:P0}{row.ShareOfLayer,7:P1}  {row.Ratio,6:0.00}  {row.Peer}");
        }

        return rows;
    }
}
