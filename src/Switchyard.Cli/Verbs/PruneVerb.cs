using System.CommandLine;
using System.CommandLine.Parsing;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Training.Corpora;
using Switchyard.Training.Pruning;
using Switchyard.Training.Reporting;

namespace Switchyard.Cli.Verbs;

/// <summary>Takes experts out of a checkpoint.</summary>
internal sealed class PruneVerb
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _model = new("MODEL") { Description = "a model's folder in Hugging Face's layout, or the run folder of a trained model", Validators = { CommonOptions.RefuseDash } };
    private readonly Option<int> _keep = new("--keep") { Description = "experts that each MoE layer keeps", HelpName = "N", Required = true, Validators = { CommonOptions.AtLeast(1) } };
    private readonly Option<string> _by = CommonOptions.OneOf("--by", "what they are chosen by: pairs sent, the sum of combine weights, or router-weighted expert activation", "reap", "frequency", "weight", "reap");
    private readonly Option<bool> _merge = new("--merge") { Description = "merge the others into those that stay, by the mean of their weights, rather than drop them" };
    private readonly Option<string?> _text = new("--text") { Description = "text that experts are scored on: a text file, a folder, JSON Lines", HelpName = "PATH" };
    private readonly Option<string?> _profile = new("--profile") { Description = "score experts by what `profile` counted instead of reading --text: its JSON or its folder; with --by frequency or weight, and --judge", HelpName = "FILE" };
    private readonly Option<string?> _judge = new("--judge") { Description = "text that both models are judged on; that of --text unless said otherwise", HelpName = "PATH" };
    private readonly Option<int?> _context = new TextOptionSet().Context;
    private readonly Option<long?> _maxTokens = new("--max-tokens") { Description = "use at most so many tokens of each text; all unless said otherwise", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };
    private readonly ModelOptions _load = new();
    private readonly Option<string> _output = new("--output") { Description = "the folder to write; it must not be there", HelpName = "FOLDER", Required = true };

    public static Command Make()
    {
        PruneVerb verb = new();
        Command command = Verb.Make(
            "prune",
            "Write a copy of a checkpoint with fewer experts: those that matter least on a text, or in a profile, are taken out.",
            "switchyard prune models/qwen3-moe --keep 96 --by reap --text train.txt --judge test.txt --output models/qwen3-moe-96",
            verb._common,
            verb.Run);
        command.Arguments.Add(verb._model);
        foreach (Option option in (Option[])[verb._keep, verb._by, verb._merge, verb._text, verb._profile, verb._judge, verb._context, verb._maxTokens, verb._output])
        {
            command.Options.Add(option);
        }

        verb._load.AddTo(command);
        command.Validators.Add(verb.RequireScores);
        return command;
    }

    /// <summary>Refuses a command that does not say in one way what experts are scored by.</summary>
    private void RequireScores(CommandResult result)
    {
        bool profile = result.GetResult(_profile) is not null;
        if (profile == result.GetResult(_text) is not null)
        {
            result.AddError("experts are scored on --text PATH or by --profile FILE: name one of them");
        }
        else if (profile && result.GetResult(_judge) is null)
        {
            result.AddError("--profile needs --judge PATH, the text that both models are judged on");
        }
        else if (profile && result.GetValue(_by) is null or "reap")
        {
            result.AddError("--by reap needs what experts put out, which a profile does not hold: choose --by frequency or --by weight, or score a text with --text");
        }
    }

    private int Run(ParseResult parse, CancellationToken cancellation)
    {
        PruneRequest request = new()
        {
            Model = ModelPath.Resolve(parse.GetValue(_model)!),
            Output = parse.GetValue(_output)!,
            Keep = parse.GetValue(_keep),
            By = Enum.Parse<PruneCriterion>(parse.GetValue(_by)!, ignoreCase: true),
            Merge = parse.GetValue(_merge),
            Text = parse.GetValue(_text) is { } text ? Corpus.Open(text) : null,
            Profile = parse.GetValue(_profile) is { } profile ? ProfileVerb.StoredProfile(profile) ?? throw new ConfigurationException($"--profile {profile}: there is no profile") : null,
            Judge = parse.GetValue(_judge) is { } judge ? Corpus.Open(judge) : null,
            Context = parse.GetValue(_context),
            MaxTokens = parse.GetValue(_maxTokens) ?? long.MaxValue,
            Load = _load.Read(parse),
            Command = CommandText.Of("prune", parse),
        };
        Verb.UseThreads(parse, _common);
        PruneResult result;
        using (TokenProgress progress = new(parse.GetValue(_common.Quiet)))
        {
            result = PruneRun.Run(request, Verb.Machine(parse, _common), progress, cancellation);
        }

        Output.Checkpoint(result, PruneTable.Render, result.Output, parse, _common);
        return ExitCode.Done;
    }
}
