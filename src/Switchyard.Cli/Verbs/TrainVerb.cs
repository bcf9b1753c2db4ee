using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Configuration;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Verbs;

/// <summary>Trains one model.</summary>
internal static class TrainVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        RunOptions options = new(common);
        Option<string?> routing = CompareVerb.RecipeOption("--routing", "ROUTER[+BALANCER[:STRENGTH]][+SELECTOR] of the model");
        Command command = Verb.Make(
            "train",
            "Train one model from a preset or a JSON configuration.",
            "switchyard train --preset small --routing linear+dual --output runs/dual",
            common,
            (parse, cancellation) => Run(parse, common, options, routing, cancellation));
        options.AddTo(command, routing);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, RunOptions options, Option<string?> routing, CancellationToken cancellation)
    {
        RunConfig config = options.Read(parse, RunConfig.TrainVerb);
        if (parse.GetValue(routing) is { } chosen)
        {
            config = config with { Routing = chosen };
        }

        config = config with { Rows = [config.Routing] };
        config.Validate();
        RunFolder folder = options.Folder(parse, RunConfig.TrainVerb, config);
        options.UseThreads(parse, config);
        using RunText text = options.Text(parse, config, folder, cancellation);
        config = options.Begun(RunConfig.TrainVerb, text.Config, parse);
        using ComparisonDisplay display = new(config.Training.Steps, parse.GetValue(common.Quiet));
        CompareRow row;
        try
        {
            RowProgress progress = new(display, 0, 1, config.Seed);
            row = new TrainingRun(config, RoutingRecipe.Parse(config.Routing), text.Corpus, folder).Run(parse.GetValue(options.Resume) is not null, progress, cancellation);
        }
        catch (OperationCanceledException)
        {
            display.Dispose();
            Console.Error.WriteLine($"switchyard: stopped; go on with: switchyard train --resume {folder.Path}");
            return ExitCode.Interrupted;
        }

        display.Dispose();
        CompareResult result = Comparison.Result(config, [row], [config.Seed], text.Corpus, Verb.Machine(parse, common));
        Output.Finish(result, folder, parse, common);
        return ExitCode.Done;
    }
}
