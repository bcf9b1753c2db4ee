using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Configuration;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Verbs;

/// <summary>Trains routers and balancers on the same text and compares them: the main job.</summary>
internal static class CompareVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        RunOptions options = new(common);
        Option<string?> rows = RecipeOption("--rows", "rows to train, each ROUTER[+BALANCER[:STRENGTH]][+SELECTOR], separated by commas");
        Option<int?> seeds = new("--seeds") { Description = "repeat each row with so many seeds and show mean ± deviation", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };
        Command command = Verb.Make(
            "compare",
            "Train the chosen routers and balancers on the same data from the same initial weights, print the table and write the report.",
            "switchyard compare --rows linear,linear+bias,linear+dual,lpr --seeds 3",
            common,
            (parse, cancellation) => Run(parse, common, options, rows, seeds, cancellation));
        options.AddTo(command, rows, seeds);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, RunOptions options, Option<string?> rows, Option<int?> seeds, CancellationToken cancellation)
    {
        RunConfig config = options.Read(parse, RunConfig.CompareVerb);
        if (parse.GetValue(rows) is { } chosen)
        {
            config = config with { Rows = RecipeRows.Split(chosen) };
        }

        config = config with { Seeds = parse.GetValue(seeds) ?? config.Seeds };
        config.Validate();
        RunFolder folder = options.Folder(parse, RunConfig.CompareVerb, config);
        options.UseThreads(parse, config);
        bool quiet = parse.GetValue(common.Quiet);
        using RunText text = options.Text(parse, config, folder, cancellation);
        config = options.Begun(RunConfig.CompareVerb, text.Config, parse);
        using ComparisonDisplay display = new(config.Training.Steps, quiet);
        CompareResult result;
        try
        {
            result = new Comparison(config, text.Corpus, folder).Run(Verb.Machine(parse, common), display, cancellation);
        }
        catch (OperationCanceledException)
        {
            display.Dispose();
            Console.Error.WriteLine($"switchyard: stopped; go on with: switchyard compare --resume {folder.Path}");
            return ExitCode.Interrupted;
        }

        display.Dispose();
        Output.Finish(result, folder, parse, common);
        foreach (DivergedRow row in result.Diverged)
        {
            Console.Error.WriteLine($"switchyard: {row.Name} (seed {row.Seed}) diverged: {row.Reason}");
        }

        return result.Diverged.Count > 0 ? ExitCode.Diverged : ExitCode.Done;
    }

    /// <summary>An option of one or several recipes.</summary>
    public static Option<string?> RecipeOption(string name, string description)
    {
        Option<string?> option = new(name)
        {
            Description = description + Environment.NewLine
                + $"  routers: {string.Join(", ", Routing.Routers.All.Names)}" + Environment.NewLine
                + $"  balancers: {string.Join(", ", Balancing.Balancers.All.Names)}" + Environment.NewLine
                + $"  selectors: {string.Join(", ", Selection.Selectors.All.Names)}",
            HelpName = "RECIPE",
        };
        option.Validators.Add(result => RecipeRows.Check(result));
        return option;
    }
}
