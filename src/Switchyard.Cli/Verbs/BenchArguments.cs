using System.CommandLine;
using System.CommandLine.Parsing;
using Switchyard.Cli.CommandLine;
using Switchyard.Experts;
using Switchyard.Kernels;
using Switchyard.Routing;
using Switchyard.Training.Benchmarks;

namespace Switchyard.Cli.Verbs;

/// <summary>What the verbs of <c>bench</c> are told. Lists are separated by commas, and every combination is measured.</summary>
internal sealed class BenchArguments
{
    private readonly CommonOptions _common;
    private readonly Option<string> _shapes = List("--shape", "shapes" + Environment.NewLine + string.Join(Environment.NewLine, BenchShape.All.Select(s => $"  {s.Name}: {s.Summary}")), "small", Shape);
    private readonly Option<string> _tokens = List("--tokens", "token counts", "128,1024,4096", Count, "COUNTS");
    private readonly Option<string> _loads = List("--load", "spread of the pairs: even, zipf:S, collapsed", "even", Load, "SHAPES");
    private readonly Option<string> _layerLoads = List("--load", $"spread of the pairs: {LayerBench.Routed} (as a fresh linear router has it), even, zipf:S, collapsed", LayerBench.Routed, word => word is LayerBench.Routed ? null : Load(word), "SHAPES");
    private readonly Option<string> _directions = List("--direction", "what is timed: forward, forward-backward", "forward", OneOf("forward", "forward-backward"));
    private readonly Option<string> _storages = List("--storage", $"types of expert weights: {string.Join(", ", ExecutorBench.Storages)}", "fp32", OneOf([.. ExecutorBench.Storages]));
    private readonly Option<string> _arithmetic = List("--arithmetic", "what our kernels multiply: default (follows the tokens), fp32, bf16, int16, int8", "default", OneOf("default", "fp32", "bf16", "int16", "int8"));
    private readonly Option<string> _activations = List("--activations", "what is kept for the backward: keep, recompute", "keep", OneOf("keep", "recompute"));
    private readonly Option<string?> _names = new("--only") { Description = "routers or executors to time, separated by commas; the peers always run", HelpName = "NAMES" };
    private readonly Option<double> _seconds = Seconds();

    public BenchArguments(CommonOptions common) => _common = common;

    /// <summary>Adds what makes sense for what is measured.</summary>
    public void AddTo(Command command)
    {
        Option[] options = command.Name switch
        {
            "router" => [_shapes, _tokens, _names, _seconds],
            "layer" => [_shapes, _tokens, _layerLoads, _directions, _storages, _arithmetic, _names, _seconds],
            _ => [_shapes, _tokens, _loads, _directions, _storages, _arithmetic, _activations, _names, _seconds],
        };
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }

        Check(_names, OneOf([.. command.Name is "router" ? Routers.All.Names : Executors.All.Names]));
    }

    /// <summary>Every combination of storage, direction and load, each with all shapes, counts and threads.</summary>
    public IReadOnlyList<BenchOptions> Read(ParseResult parse) =>
    [
        .. from storage in Split(parse, _storages)
           from direction in Split(parse, _directions)
           from load in Split(parse, parse.CommandResult.Command.Name is "layer" ? _layerLoads : _loads)
           select new BenchOptions
           {
               Shapes = Split(parse, _shapes),
               Tokens = [.. Split(parse, _tokens).Select(int.Parse)],
               Threads = parse.GetValue(_common.Threads) is { } n ? [n] : [1, Environment.ProcessorCount],
               Load = load,
               Direction = direction,
               Storage = storage,
               Arithmetic = [.. Split(parse, _arithmetic).Select(a => Enum.TryParse(a, ignoreCase: true, out Arithmetic arithmetic) ? arithmetic : (Arithmetic?)null)],
               Activations = [.. Split(parse, _activations).Select(a => Enum.Parse<SavedActivations>(a, ignoreCase: true))],
               Names = parse.GetValue(_names) is { } names ? Split(names) : [],
               Budget = TimeSpan.FromSeconds(parse.GetValue(_seconds)),
           },
    ];

    public static Option<double> Seconds() =>
        new("--seconds") { Description = "time for each competitor", HelpName = "SECONDS", DefaultValueFactory = _ => 0.5, Validators = { CommonOptions.AtLeast(0) } };

    public static Option<string> List(string name, string description, string otherwise, Func<string, string?> objection, string helpName = "NAMES")
    {
        Option<string> option = new(name) { Description = description, HelpName = helpName, DefaultValueFactory = _ => otherwise };
        Check(option, objection);
        return option;
    }

    /// <summary>Refuses what a list holds that there is an objection to.</summary>
    private static void Check(Option option, Func<string, string?> objection) => option.Validators.Add(result =>
    {
        foreach (Token token in result.Tokens)
        {
            if (Split(token.Value).Select(objection).FirstOrDefault(o => o is not null) is { } error)
            {
                result.AddError($"{option.Name} is '{token.Value}'; {error}");
            }
        }
    });

    private static Func<string, string?> OneOf(params string[] words) => word =>
        words.Contains(word, StringComparer.Ordinal) ? null : $"did you mean '{NearestName.Of(word, words)}'? Known: {string.Join(", ", words)}";

    public static string? Count(string word) => int.TryParse(word, out int count) && count > 0 ? null : "it must be counts such as 1,128,1024";

    private static string? Shape(string word) => Objection(() => BenchShape.All.Get(word));

    private static string? Load(string word) => Objection(() => LoadShape.Check(word));

    public static string? Objection(Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (ConfigurationException e)
        {
            return e.Message;
        }
    }

    private static string[] Split(ParseResult parse, Option<string> option) => Split(parse.GetValue(option) ?? (string)option.GetDefaultValue()!);

    public static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries);
}
