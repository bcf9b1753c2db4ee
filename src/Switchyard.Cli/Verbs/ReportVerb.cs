using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Verbs;

/// <summary>Rebuilds the report of a run.</summary>
internal static class ReportVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        Argument<string> run = new("RUN") { Description = "a run folder, or a JSON result of compare", Validators = { CommonOptions.RefuseDash } };
        Option<string?> output = new("--output") { Description = "where to write the report; report.html in the run folder unless said otherwise", HelpName = "FILE" };
        Command command = Verb.Make(
            "report",
            "Rebuild the HTML report of a run or a JSON result.",
            "switchyard report runs/compare-quick --output report.html",
            common,
            (parse, _) => Run(parse, common, parse.GetValue(run)!, parse.GetValue(output)));
        command.Arguments.Add(run);
        command.Options.Add(output);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, string path, string? output)
    {
        RunFolder folder = new(Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!);
        string source = Directory.Exists(path) ? folder.ResultPath : path;
        if (!File.Exists(source))
        {
            throw new ConfigurationException($"{source}: not found; has the run ended? An interrupted one goes on with --resume {path}");
        }

        CompareResult result = CompareResultJson.Read(source);
        string target = Path.GetFullPath(output ?? folder.ReportPath);
        CompareReport.Write(result, target);
        Output.Result(result, parse, common, target);
        return ExitCode.Done;
    }
}
