using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Training.Corpora;
using Switchyard.Training.Quantizing;
using Switchyard.Training.Reporting;

namespace Switchyard.Cli.Verbs;

/// <summary>Writes an int8 or int4 copy of a checkpoint.</summary>
internal sealed class QuantizeVerb
{
    private static readonly QuantizeRequest Usual = new() { Model = string.Empty, Output = string.Empty };

    private readonly CommonOptions _common = new();
    private readonly Argument<string> _model = new("MODEL") { Description = "the folder of a model, or of a repository in a hub cache", Validators = { CommonOptions.RefuseDash } };
    private readonly Option<string> _output = new("--output") { Description = "the folder to write; it must not be there", HelpName = "FOLDER", Required = true };
    private readonly Option<string> _bits = CommonOptions.OneOf("--bits", "bits of a weight", "8", "8", "4");
    private readonly Option<string> _group = CommonOptions.OneOf("--group", "weights along the input that share a scale", "32", "32", "128");
    private readonly Option<string?> _calibrate = new("--calibrate") { Description = "round so that the experts' outputs on this text change little (GPTQ's method), rather than to the nearest: a text file, a folder, JSON Lines", HelpName = "PATH" };
    private readonly Option<long> _calibrateTokens = new("--calibrate-tokens") { Description = "use at most so many tokens of it", HelpName = "N", DefaultValueFactory = _ => Usual.CalibrationTokens, Validators = { CommonOptions.AtLeast(1) } };
    private readonly Option<int> _leastTokens = new("--least-tokens") { Description = "tokens that each expert is calibrated on at least: an expert that is sent fewer gets those that were nearest to being sent to it", HelpName = "N", DefaultValueFactory = _ => Usual.LeastTokens, Validators = { CommonOptions.AtLeast(0) } };
    private readonly Option<string?> _text = new("--text") { Description = "text to judge both models on: a text file, a folder, JSON Lines", HelpName = "PATH" };
    private readonly TextOptionSet _windows = new();
    private readonly ModelOptions _load = new();

    public static Command Make()
    {
        QuantizeVerb verb = new();
        Command command = Verb.Make(
            "quantize",
            "Write a copy of a checkpoint whose experts are integers of 8 or 4 bits, rounded to the nearest or calibrated on text.",
            "switchyard quantize models/qwen3-moe --bits 4 --calibrate train.txt --output models/qwen3-moe-int4 --text test.txt",
            verb._common,
            verb.Run);
        command.Arguments.Add(verb._model);
        foreach (Option option in (Option[])[verb._output, verb._bits, verb._group, verb._calibrate, verb._calibrateTokens, verb._leastTokens, verb._text])
        {
            command.Options.Add(option);
        }

        verb._windows.AddTo(command);
        verb._load.AddTo(command);
        return command;
    }

    private int Run(ParseResult parse, CancellationToken cancellation)
    {
        QuantizeRequest request = new()
        {
            Model = ModelPath.Resolve(parse.GetValue(_model)!),
            Output = parse.GetValue(_output)!,
            Bits = int.Parse(parse.GetValue(_bits)!),
            Group = int.Parse(parse.GetValue(_group)!),
            Calibration = parse.GetValue(_calibrate) is { } calibration ? Corpus.Open(calibration) : null,
            CalibrationTokens = parse.GetValue(_calibrateTokens),
            LeastTokens = parse.GetValue(_leastTokens),
            Judge = parse.GetValue(_text) is { } text ? Corpus.Open(text) : null,
            Context = parse.GetValue(_windows.Context),
            Stride = parse.GetValue(_windows.Stride),
            MaxTokens = parse.GetValue(_windows.MaxTokens) ?? long.MaxValue,
            Load = _load.Read(parse),
            Command = CommandText.Of("quantize", parse),
        };
        Verb.UseThreads(parse, _common);
        QuantizeResult result;
        using (TokenProgress progress = new(parse.GetValue(_common.Quiet)))
        {
            result = QuantizeRun.Run(request, Verb.Machine(parse, _common), progress, cancellation);
        }

        Output.Checkpoint(result, QuantizeTable.Render, result.Output, parse, _common);
        return ExitCode.Done;
    }
}
