using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using System.Text.Json;
using Switchyard.Cli.CommandLine;
using Switchyard.Training.Benchmarks;
using Switchyard.Training.Configuration;

namespace Switchyard.Cli.Verbs;

/// <summary>Measures routers, executors and layers on this machine.</summary>
internal static class BenchVerb
{
    public static Command Make()
    {
        Command command = new("bench", "Measure routers, executors and whole layers on this machine, beside the peers in the same run.");
        command.Subcommands.Add(Make("router", "Router, selector and plan, beside the linear router and the whole layer.", "switchyard bench router --shape qwen15moe --tokens 128,1024", RouterBench.Run));
        command.Subcommands.Add(Make("executor", "Executors on the same plan, beside torch's own ways.", "switchyard bench executor --shape small --load zipf:1 --direction forward-backward", ExecutorBench.Run));
        command.Subcommands.Add(Make("layer", "Whole MoE layers with each executor.", "switchyard bench layer --shape small,lpr --tokens 1,128,1024", LayerBench.Run));
        return command;
    }

    private static Command Make(string name, string description, string example, Func<BenchOptions, CancellationToken, IEnumerable<BenchRow>> run)
    {
        CommonOptions common = new();
        Option<string> shape = new("--shape") { Description = "shapes, separated by commas" + Environment.NewLine + string.Join(Environment.NewLine, BenchShape.All.Select(s => $"  {s.Name}: {s.Summary}")), HelpName = "NAMES", DefaultValueFactory = _ => "small" };
        Option<string> tokens = new("--tokens") { Description = "token counts, separated by commas", HelpName = "COUNTS", DefaultValueFactory = _ => "128,1024,4096" };
        Option<string> load = new("--load") { Description = "spread of the pairs: even, zipf:S, collapsed", HelpName = "SHAPE", DefaultValueFactory = _ => "even" };
        Option<string> direction = CommonOptions.OneOf("--direction", "what is timed", "forward", "forward", "forward-backward");
        Option<string?> names = new("--only") { Description = "routers or executors to time, separated by commas; the peers always run", HelpName = "NAMES" };
        Option<double> seconds = new("--seconds") { Description = "time for each competitor", HelpName = "SECONDS", DefaultValueFactory = _ => 0.5, Validators = { CommonOptions.AtLeast(0) } };
        tokens.Validators.Add(result =>
        {
            if (result.Tokens.Any(t => !t.Value.Split(',').All(n => int.TryParse(n, out int count) && count > 0)))
            {
                result.AddError($"--tokens is '{string.Join(' ', result.Tokens.Select(t => t.Value))}'; it must be counts such as 1,128,1024");
            }
        });
        shape.Validators.Add(result => CheckNames(result));
        Command command = Verb.Make(name, description, example, common, (parse, cancellation) =>
        {
            BenchOptions options = new()
            {
                Shapes = List(parse.GetValue(shape)!),
                Tokens = [.. List(parse.GetValue(tokens)!).Select(int.Parse)],
                Threads = parse.GetValue(common.Threads) is { } n ? [n] : [1, Environment.ProcessorCount],
                Load = parse.GetValue(load)!,
                Direction = parse.GetValue(direction)!,
                Names = List(parse.GetValue(names) ?? string.Empty),
                Budget = TimeSpan.FromSeconds(parse.GetValue(seconds)),
            };
            Verb.UseThreads(parse, common);
            return Run(parse, common, run(options, cancellation));
        });
        command.Options.Add(shape);
        command.Options.Add(tokens);
        if (name is not "router")
        {
            command.Options.Add(direction);
        }

        if (name is "executor")
        {
            command.Options.Add(load);
        }

        command.Options.Add(names);
        command.Options.Add(seconds);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, IEnumerable<BenchRow> measurements)
    {
        bool table = !parse.GetValue(common.Quiet) && !common.JsonToStandardOutput(parse);
        List<BenchRow> rows = [];
        if (table)
        {
            Console.Out.WriteLine($"{"shape",-13}{"tokens",7}{"threads",8}  {"name",-15}{"ms",10}{"Gop/s",9}{"waste",7}{"layer",7}  {"ratio",6}  peer");
        }

        foreach (BenchRow row in measurements)
        {
            rows.Add(row);
            if (table)
            {
                Console.Out.WriteLine(
                    $"{row.Shape,-13}{row.Tokens,7}{row.Threads,8}  {row.Executor,-15}{row.Milliseconds,10:0.000}{row.Gops,9:0.0}{row.PaddingWaste,7:P0}{row.ShareOfLayer,7:P1}  {row.Ratio,6:0.00}  {row.Peer}");
            }
        }

        BenchResult result = new() { Machine = Verb.Machine(parse, common), Rows = rows };
        string json = JsonSerializer.Serialize(result, ConfigFile.Json) + "\n";
        Output.WriteJson(parse, common, stream => stream.Write(Encoding.UTF8.GetBytes(json)), path => File.WriteAllText(path, json));
        return ExitCode.Done;
    }

    private static void CheckNames(OptionResult result)
    {
        try
        {
            foreach (string name in result.Tokens.SelectMany(t => List(t.Value)))
            {
                BenchShape.All.Get(name);
            }
        }
        catch (ConfigurationException e)
        {
            result.AddError($"--shape: {e.Message}");
        }
    }

    private static string[] List(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
