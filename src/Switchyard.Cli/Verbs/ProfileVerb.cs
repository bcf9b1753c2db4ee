using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Models;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Verbs;

/// <summary>How a model uses its experts on text.</summary>
internal sealed class ProfileVerb
{
    private const string ResultFile = "profile.json";
    private const string ReportFile = "report.html";
    private const string Runs = "runs";

    private readonly CommonOptions _common = new();
    private readonly TextOptionSet _windows = new();
    private readonly Argument<string> _model = new("MODEL") { Description = "a model's folder in Hugging Face's layout, or the run folder of a trained model", Validators = { CommonOptions.RefuseDash } };
    private readonly Option<string> _text = new("--text") { Description = "the text: a text file, a folder (each file or folder in it a domain), JSON Lines with `text` and `domain`", HelpName = "PATH", Required = true };
    private readonly Option<int> _orderTokens = new("--order-tokens") { Description = "first tokens of the text that locality, working set, coverage and cache curve are taken from", HelpName = "N", DefaultValueFactory = _ => 65_536, Validators = { CommonOptions.AtLeast(2) } };
    private readonly ModelOptions _load = new();
    private readonly TokenizerOption _tokenizer = new();
    private readonly Option<string?> _trace = new("--trace") { Description = "write every choice to a Parquet file: document, position, token, layer, slot, expert, weight", HelpName = "FILE" };
    private readonly Option<string?> _compare = new("--compare") { Description = "show another profile beside this one: its JSON, its folder, or another model's folder, which is then profiled on the same text", HelpName = "OTHER" };
    private readonly Option<string?> _output = new("--output") { Description = "folder for profile.json and report.html; runs/profile-NAME-TIME unless said otherwise", HelpName = "FOLDER" };

    public static Command Make()
    {
        ProfileVerb verb = new();
        Command command = Verb.Make(
            "profile",
            "How a model uses its experts on text: every routing metric by layer and by domain, a report, and a diagnosis.",
            "switchyard profile models/qwen3-moe --text texts/ --context 1024 --trace routing.parquet",
            verb._common,
            verb.Run);
        command.Arguments.Add(verb._model);
        command.Options.Add(verb._text);
        verb._windows.AddTo(command);
        command.Options.Add(verb._orderTokens);
        verb._load.AddTo(command);
        verb._tokenizer.AddTo(command);
        command.Options.Add(verb._trace);
        command.Options.Add(verb._compare);
        command.Options.Add(verb._output);
        return command;
    }

    private int Run(ParseResult parse, CancellationToken cancellation)
    {
        string path = ModelPath.Resolve(parse.GetValue(_model)!);
        ICorpus corpus = Corpus.Open(parse.GetValue(_text));
        ProfileResult? other = Stored(parse.GetValue(_compare));
        string? otherModel = other is null && parse.GetValue(_compare) is { } folder ? ModelPath.Resolve(folder) : null;
        if (parse.GetValue(_trace) is { } written)
        {
            OutputFile.RequireWritable(_trace.Name, written);
        }

        new RunFolder(parse.GetValue(_output) ?? Runs).RequireWritable();

        Verb.UseThreads(parse, _common);
        ProfileResult result = parse.GetValue(_trace) is { } trace
            ? WithTrace(trace, writer => Profile(parse, path, corpus, writer, cancellation))
            : Profile(parse, path, corpus, null, cancellation);
        other ??= otherModel is null ? null : Profile(parse, otherModel, corpus, null, cancellation);
        string output = Path.GetFullPath(parse.GetValue(_output) ?? Path.Combine(Runs, $"profile-{result.Model.Name}-{DateTime.Now:yyyyMMdd-HHmmss}"));
        string report = Path.Combine(output, ReportFile);
        ProfileResultJson.Write(result, Path.Combine(output, ResultFile));
        ProfileReport.Write(result, report, other);
        Tell(result, other, report, parse, _common);
        return ExitCode.Done;
    }

    /// <summary>The JSON that was asked for, the tables, and where the report is.</summary>
    public static void Tell(ProfileResult result, ProfileResult? other, string report, ParseResult parse, CommonOptions common)
    {
        Output.WriteJson(parse, common, stream => ProfileResultJson.Write(result, stream), file => ProfileResultJson.Write(result, file));
        if (!common.Prints(parse))
        {
            return;
        }

        Console.Out.Write(ProfileTable.Render(result, other, Output.Width));
        Console.Out.WriteLine($"Report: {report}");
    }

    /// <summary>The JSON of a profile: the file itself, or the one in a folder that <c>profile</c> wrote; null where there is none.</summary>
    public static string? StoredProfile(string path)
    {
        string inside = Path.Combine(path, ResultFile);
        return File.Exists(path) ? path : File.Exists(inside) ? inside : null;
    }

    /// <summary>The profile that is named; null where a model's folder is, or nothing.</summary>
    private static ProfileResult? Stored(string? path)
    {
        if (path is null)
        {
            return null;
        }

        string? file = StoredProfile(path);
        return file is not null
            ? ProfileResultJson.Read(file)
            : Directory.Exists(path) ? null : throw new ConfigurationException($"--compare {path}: there is no such file or folder");
    }

    private static ProfileResult WithTrace(string path, Func<TraceWriter, ProfileResult> run)
    {
        ProfileResult? result = null;
        AtomicFile.Write(path, stream =>
        {
            using TraceWriter writer = new(stream);
            result = run(writer);
        });
        return result!;
    }

    private ProfileResult Profile(ParseResult parse, string path, ICorpus corpus, TraceWriter? trace, CancellationToken cancellation)
    {
        using TextTokenizer tokenizer = _tokenizer.Open(parse, path);
        using MoeTransformer model = MoeTransformer.Load(path, _load.Read(parse));
        ProfileRequest request = new()
        {
            ModelPath = path,
            Tokenizer = tokenizer,
            Corpus = corpus,
            Text = _windows.Read(parse, model.Options.LongestSequence) with { Seed = parse.GetValue(_common.Seed) ?? 1 },
            OrderTokens = parse.GetValue(_orderTokens),
            Command = CommandText.Of("profile", parse),
        };
        using TokenProgress progress = new(parse.GetValue(_common.Quiet));
        return Profiler.Run(model, request, Verb.Machine(parse, _common), trace, progress, cancellation);
    }
}
