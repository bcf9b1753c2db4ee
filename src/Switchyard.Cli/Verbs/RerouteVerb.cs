using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Balancing;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Routing;
using Switchyard.Selection;
using Switchyard.Training.Configuration;
using Switchyard.Training.Reporting;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Verbs;

/// <summary>Replaces the routers of a checkpoint and trains them.</summary>
internal sealed class RerouteVerb
{
    private const string ResultFile = "reroute.json";

    private static readonly RerouteConfig Usual = new() { Model = string.Empty, Corpus = string.Empty };

    private readonly CommonOptions _common = new();
    private readonly Argument<string?> _model = new("MODEL") { Description = "a model's folder in Hugging Face's layout, or the run folder of a trained model; not with --resume", Arity = ArgumentArity.ZeroOrOne, Validators = { CommonOptions.RefuseDash } };
    private readonly RerouteOptionSet _options = new(Usual.Training.Steps);
    private readonly Option<string> _router = CommonOptions.OneOf("--router", "the new router", Usual.Router, [.. Routers.All.Names]);
    private readonly Option<string> _balance = new("--balance") { Description = $"how the load is balanced ({string.Join(", ", Balancers.All.Names)}); several are joined by +, and a strength follows a colon: switch:0.02+z", HelpName = "NAME", DefaultValueFactory = _ => Usual.Balance };
    private readonly Option<string?> _selector = new("--selector") { Description = $"how experts are chosen by score ({string.Join(", ", Selectors.All.Names)}); as in the model unless said otherwise", HelpName = "NAME" };
    private readonly Option<string?> _routerOptions = new("--router-options") { Description = "settings of the router, such as {\"keySize\": 32}", HelpName = "JSON" };
    private readonly Option<string?> _layers = new("--layers") { Description = "layers whose router is replaced, such as 0,2-5; all unless said otherwise", HelpName = "LIST" };
    private readonly Option<string> _start = CommonOptions.OneOf("--init", "what the new routers start from: fitted to the old ones on the text, their weights, or random weights", "distill", "distill", "copy", "fresh");
    private readonly Option<bool> _keepLoss = new("--keep-loss") { Description = "balance must not cost held-out loss: keep the best balance among what is not worse than the original" };
    private readonly Option<string?> _output = new("--output") { Description = "run folder, whose folder model becomes the new checkpoint; runs/reroute-NAME-TIME unless said otherwise", HelpName = "FOLDER" };
    private readonly Option<string?> _resume = new("--resume") { Description = "go on with an interrupted run", HelpName = "FOLDER" };

    public static Command Make()
    {
        RerouteVerb verb = new();
        Command command = Verb.Make(
            "reroute",
            "Replace the routers of a checkpoint and train them, everything else frozen and in the form in which it is stored.",
            "switchyard reroute models/qwen3-moe --router linear --balance dual --text train.txt --judge test.txt --keep-loss",
            verb._common,
            verb.Run);
        command.Arguments.Add(verb._model);
        Option[] options =
        [
            verb._options.Text, verb._router, verb._balance, verb._selector, verb._routerOptions, verb._layers, verb._start, .. verb._options.Training, verb._keepLoss,
            .. verb._options.Judging, verb._output, verb._resume,
        ];
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }

        CommonOptions.RefuseBeside(command, verb._resume, [verb._model, .. options.Where(o => o != verb._resume), verb._common.Seed]);
        return command;
    }

    private int Run(ParseResult parse, CancellationToken cancellation)
    {
        string? resumed = parse.GetValue(_resume);
        if (resumed is null && (parse.GetValue(_model) is null || parse.GetValue(_options.Text) is null))
        {
            Console.Error.WriteLine("switchyard: reroute needs MODEL and --text PATH, the text to train on; or --resume FOLDER");
            return ExitCode.BadUsage;
        }

        RerouteConfig config = resumed is null ? Read(parse) : ConfigFile.Load<RerouteConfig>(Path.Combine(resumed, "config.json"));
        config.Validate();
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(config.Model)));
        RunFolder folder = new(resumed ?? parse.GetValue(_output) ?? Path.Combine("runs", $"reroute-{name}-{DateTime.Now:yyyyMMdd-HHmmss}"));
        Verb.UseThreads(parse, _common);
        using TrainingDisplay display = new(parse.GetValue(_common.Quiet));
        RerouteResult result;
        try
        {
            result = new RerouteRun(config, folder).Run(
                Verb.Machine(parse, _common),
                config.Command ?? CommandText.Of("reroute", parse),
                resumed is not null,
                display,
                cancellation);
        }
        catch (OperationCanceledException)
        {
            display.Dispose();
            Console.Error.WriteLine(File.Exists(folder.ConfigPath) ? $"switchyard: stopped; go on with: switchyard reroute --resume {folder.Path}" : "switchyard: stopped before anything was written");
            return ExitCode.Interrupted;
        }

        display.Dispose();
        Tell(parse, result, folder);
        return ExitCode.Done;
    }

    private RerouteConfig Read(ParseResult parse) => _options.Read(parse, parse.GetValue(_model)!, parse.GetValue(_common.Seed)) with
    {
        Router = parse.GetValue(_router)!,
        Balance = parse.GetValue(_balance)!,
        Selector = parse.GetValue(_selector),
        RouterSettings = parse.GetValue(_routerOptions) is { } json ? Settings(json) : null,
        Layers = parse.GetValue(_layers) is { } list ? LayerList.Parse(list) : null,
        Start = Enum.Parse<RouterStart>(parse.GetValue(_start)!, ignoreCase: true),
        KeepLoss = parse.GetValue(_keepLoss),
        Judge = parse.GetValue(_options.Judge) is { } judge ? Path.GetFullPath(judge) : null,
        JudgeContext = parse.GetValue(_options.JudgeContext),
        JudgeTokens = parse.GetValue(_options.MaxTokens),
        Command = CommandText.Of("reroute", parse),
    };

    private void Tell(ParseResult parse, RerouteResult result, RunFolder folder)
    {
        string json = Path.Combine(folder.Path, ResultFile);
        ResultLine.Write(result, json);
        if (result is { JudgedBefore: { } before, JudgedAfter: { } after })
        {
            ProfileReport.Write(after, folder.ReportPath, before);
        }

        Output.WriteJson(parse, _common, stream => ResultLine.Write(result, stream), path => ResultLine.Write(result, path));
        if (!_common.Prints(parse))
        {
            return;
        }

        Console.Out.Write(RerouteTable.Render(result));
        Console.Out.WriteLine($"Checkpoint: {result.Output}");
        if (result.JudgedAfter is not null)
        {
            Console.Out.WriteLine($"Report: {folder.ReportPath}");
        }
    }

    private static JsonObject Settings(string json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject ?? throw new ConfigurationException($"--router-options {json}: expected an object, such as {{\"keySize\": 32}}");
        }
        catch (System.Text.Json.JsonException e)
        {
            throw new ConfigurationException($"--router-options {json}: {e.Message}", e);
        }
    }
}
