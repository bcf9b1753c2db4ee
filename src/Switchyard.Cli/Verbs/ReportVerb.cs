using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Verbs;

/// <summary>Rebuilds the report of a run, a profile or a characterisation.</summary>
internal static class ReportVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        Argument<string> run = new("RUN") { Description = "the folder of a run, profile or characterisation, or a JSON result of compare, profile or characterize", Validators = { CommonOptions.RefuseDash } };
        Option<string?> compare = new("--compare") { Description = "for a profile: show another profile, a JSON result or its folder, beside it", HelpName = "OTHER" };
        Option<string?> output = new("--output") { Description = "where to write the report; report.html beside the result unless said otherwise", HelpName = "FILE" };
        Command command = Verb.Make(
            "report",
            "Rebuild the HTML report of a run, a profile, a characterisation or a JSON result.",
            "switchyard report runs/compare-quick --output report.html",
            common,
            (parse, _) => Run(parse, common, parse.GetValue(run)!, parse.GetValue(output), parse.GetValue(compare)));
        command.Arguments.Add(run);
        command.Options.Add(output);
        command.Options.Add(compare);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, string path, string? output, string? compare)
    {
        RunFolder folder = new(Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!);
        string target = Path.GetFullPath(output ?? folder.ReportPath);
        OutputFile.RequireWritable("--output", target);
        if (ProfileVerb.StoredProfile(path) is { } profile && ResultSchema.Of(profile) is ProfileResultJson.Schema)
        {
            return OfProfile(parse, common, profile, target, compare);
        }

        if (compare is null && CharacterizeVerb.Stored(path) is { } stored)
        {
            CharacterizeResult characterized = CharacterizeResultJson.Read(stored);
            CharacterizeReport.Write(characterized, target);
            CharacterizeVerb.Tell(characterized, target, parse, common);
            return ExitCode.Done;
        }

        string source = Directory.Exists(path) ? folder.ResultPath : path;
        if (!File.Exists(source))
        {
            throw new ConfigurationException($"{source}: not found; has the run ended? An interrupted one goes on with --resume {path}");
        }

        if (compare is not null)
        {
            throw new ConfigurationException($"--compare {compare}: only profiles are shown beside each other; {source} is a comparison");
        }

        CompareResult result = CompareResultJson.Read(source);
        CompareReport.Write(result, target);
        Output.Result(result, parse, common, target);
        return ExitCode.Done;
    }

    private static int OfProfile(ParseResult parse, CommonOptions common, string profile, string target, string? compare)
    {
        ProfileResult result = ProfileResultJson.Read(profile);
        ProfileResult? other = compare is null
            ? null
            : ProfileResultJson.Read(ProfileVerb.StoredProfile(compare) ?? throw new ConfigurationException($"--compare {compare}: there is no profile"));
        ProfileReport.Write(result, target, other);
        ProfileVerb.Tell(result, other, target, parse, common);
        return ExitCode.Done;
    }
}
