using System.CommandLine;
using Switchyard.Balancing;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Models.Checkpoints;
using Switchyard.Routing;
using Switchyard.Training.Characterizing;
using Switchyard.Training.Configuration;
using Switchyard.Training.Reporting;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Verbs;

/// <summary>Puts one router after the other into a checkpoint and compares them on every axis.</summary>
internal sealed class CharacterizeVerb
{
    private const string ResultFile = "characterize.json";
    private const int UsualSteps = 100;
    private const double UsualNoise = 0.1;

    private readonly CommonOptions _common = new();
    private readonly RerouteOptionSet _options = new(UsualSteps);
    private readonly Argument<string?> _model = new("MODEL") { Description = "a model's folder in Hugging Face's layout, or the run folder of a trained model; not with --resume", Arity = ArgumentArity.ZeroOrOne, Validators = { CommonOptions.RefuseDash } };
    private readonly Option<string> _routers = new("--routers") { Description = $"rows, separated by commas, each ROUTER[+BALANCER][+SELECTOR]; all for every router that fits the model ({string.Join(", ", Routers.All.Names)})", HelpName = "ROWS", DefaultValueFactory = _ => CharacterizeConfig.All, Validators = { result => RecipeRows.Check(result, except: CharacterizeConfig.All) } };
    private readonly Option<string?> _balance = new("--balance") { Description = $"how the load is balanced in rows that do not say ({string.Join(", ", Balancers.All.Names)}); none, and the loss of its own for lpr, unless said otherwise", HelpName = "NAME" };
    private readonly Option<int?> _experts = new("--experts") { Description = "give a dense model (qwen3, bert) so many experts a layer first", HelpName = "E", Validators = { CommonOptions.AtLeast(1) } };
    private readonly Option<int?> _topK = new("--top-k") { Description = "experts a token, with --experts", HelpName = "K", Validators = { CommonOptions.AtLeast(1) } };
    private readonly Option<string> _by = CommonOptions.OneOf("--by", "with --experts: copies of the FFN, or each a part of its neurons", "copy", "copy", "split");
    private readonly Option<double?> _noise = new("--noise") { Description = $"with --by copy: standard deviation of noise on the copies, as a share of the matrix's own; {UsualNoise} unless said otherwise, since equal copies give routers nothing to learn", HelpName = "S", Validators = { CommonOptions.AtLeast(0) } };
    private readonly Option<string?> _start = new("--init") { Description = "what routers start from: fitted to the model's on the text (distill), or random weights (fresh); distill, and fresh with --experts, unless said otherwise", HelpName = "NAME", Validators = { KnownStart } };
    private readonly Option<bool> _keepModels = new("--keep-models") { Description = "keep the run folder of each row, with its checkpoint" };
    private readonly Option<string?> _output = new("--output") { Description = "folder for rows, result and report; runs/characterize-NAME-TIME unless said otherwise", HelpName = "FOLDER" };
    private readonly Option<string?> _resume = new("--resume") { Description = "go on with an interrupted one", HelpName = "FOLDER" };

    public static Command Make()
    {
        CharacterizeVerb verb = new();
        Command command = Verb.Make(
            "characterize",
            "Put one router after the other into a model, train each alike with all else frozen, and compare them: parameters, latency, entropy, balance, loss, sparsity.",
            "switchyard characterize models/qwen3-moe --routers all --text train.txt --judge test.txt --output runs/routers",
            verb._common,
            verb.Run);
        command.Arguments.Add(verb._model);
        Option[] options =
        [
            verb._routers, verb._balance, verb._options.Text, .. verb._options.Judging, verb._experts, verb._topK, verb._by, verb._noise, verb._start, .. verb._options.Training,
            verb._keepModels, verb._output, verb._resume,
        ];
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }

        CommonOptions.RefuseBeside(command, verb._resume, [verb._model, .. options.Where(o => o != verb._resume), verb._common.Seed]);
        CommonOptions.RequireBeside(command, verb._by, verb._experts);
        CommonOptions.RequireBeside(command, verb._noise, verb._experts);
        return command;
    }

    /// <summary>The JSON of a characterisation: the file itself, or the one in its folder; null where there is none.</summary>
    public static string? Stored(string path)
    {
        string inside = Path.Combine(path, ResultFile);
        return File.Exists(path) ? ResultSchema.Of(path) is CharacterizeResultJson.Schema ? path : null : File.Exists(inside) ? inside : null;
    }

    /// <summary>The JSON that was asked for, the table, and where the report is.</summary>
    public static void Tell(CharacterizeResult result, string report, ParseResult parse, CommonOptions common)
    {
        Output.WriteJson(parse, common, stream => CharacterizeResultJson.Write(result, stream), path => CharacterizeResultJson.Write(result, path));
        if (common.Prints(parse))
        {
            Console.Out.Write(CharacterizeTable.Render(result, Output.Width));
            Console.Out.WriteLine($"Report: {report}");
        }
    }

    private int Run(ParseResult parse, CancellationToken cancellation)
    {
        string? resumed = parse.GetValue(_resume);
        if (resumed is null && (parse.GetValue(_model) is null || parse.GetValue(_options.Text) is null || parse.GetValue(_options.Judge) is null))
        {
            Console.Error.WriteLine("switchyard: characterize needs MODEL, --text PATH to train on and --judge PATH to judge by; or --resume FOLDER");
            return ExitCode.BadUsage;
        }

        if (parse.GetValue(_experts) is null != parse.GetValue(_topK) is null)
        {
            Console.Error.WriteLine("switchyard: --experts E and --top-k K go together: how many experts a dense model is given, and how many a token takes");
            return ExitCode.BadUsage;
        }

        CharacterizeConfig config = resumed is null ? Read(parse) : ConfigFile.Load<CharacterizeConfig>(Path.Combine(resumed, "config.json"));
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(config.Reroute.Model));
        RunFolder folder = new(resumed ?? parse.GetValue(_output) ?? Path.Combine("runs", $"characterize-{name}-{DateTime.Now:yyyyMMdd-HHmmss}"));
        Characterization work = new(config, folder);
        Verb.UseThreads(parse, _common);
        using CharacterizeDisplay display = new(parse.GetValue(_common.Quiet), config.Reroute.Start == RouterStart.Distill ? config.Reroute.DistillSteps : 0, config.Reroute.Training.Steps);
        CharacterizeResult result;
        try
        {
            result = work.Run(Verb.Machine(parse, _common), CommandText.Of("characterize", parse), resumed is not null, display, cancellation);
        }
        catch (OperationCanceledException)
        {
            display.Dispose();
            Console.Error.WriteLine(File.Exists(folder.ConfigPath) ? $"switchyard: stopped; go on with: switchyard characterize --resume {folder.Path}" : "switchyard: interrupted");
            return ExitCode.Interrupted;
        }

        display.Dispose();
        CharacterizeResultJson.Write(result, Path.Combine(folder.Path, ResultFile));
        CharacterizeReport.Write(result, folder.ReportPath);
        Tell(result, folder.ReportPath, parse, _common);
        foreach (DivergedRow row in result.Diverged)
        {
            Console.Error.WriteLine($"switchyard: {row.Name} diverged: {row.Reason}");
        }

        return result.Diverged.Count > 0 ? ExitCode.Diverged : ExitCode.Done;
    }

    private CharacterizeConfig Read(ParseResult parse)
    {
        int? experts = parse.GetValue(_experts);
        long? seed = parse.GetValue(_common.Seed);
        UpcycleMethod by = Enum.Parse<UpcycleMethod>(parse.GetValue(_by)!, ignoreCase: true);
        return new CharacterizeConfig
        {
            Reroute = _options.Read(parse, parse.GetValue(_model)!, seed) with
            {
                Start = parse.GetValue(_start) is { } start ? Enum.Parse<RouterStart>(start, ignoreCase: true) : experts is null ? RouterStart.Distill : RouterStart.Fresh,
            },
            Judge = Path.GetFullPath(parse.GetValue(_options.Judge)!),
            JudgeContext = parse.GetValue(_options.JudgeContext),
            MaxTokens = parse.GetValue(_options.MaxTokens),
            Routers = RecipeRows.Split(parse.GetValue(_routers)!),
            Balance = parse.GetValue(_balance),
            Upcycle = experts is not { } e ? null : new UpcycleOptions
            {
                Experts = e,
                TopK = parse.GetValue(_topK)!.Value,
                By = by,
                Noise = parse.GetValue(_noise) ?? (by == UpcycleMethod.Copy ? UsualNoise : 0),
                Seed = seed ?? 1,
            },
            KeepModels = parse.GetValue(_keepModels),
        };
    }

    private static void KnownStart(System.CommandLine.Parsing.OptionResult result)
    {
        foreach (System.CommandLine.Parsing.Token token in result.Tokens.Where(t => t.Value is not ("distill" or "fresh")))
        {
            result.AddError($"--init is '{token.Value}'; it must be distill or fresh");
        }
    }
}
