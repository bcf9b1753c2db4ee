using System.CommandLine;
using System.Text.Json;
using Switchyard.Cli.CommandLine;
using Switchyard.Models;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Trainers;

namespace Switchyard.Cli.Verbs;

/// <summary>Loss and perplexity of a trained model on text.</summary>
internal static class EvalVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        Argument<string> run = new("RUN") { Description = "the run folder of a trained model", Validators = { CommonOptions.RefuseDash } };
        Option<string?> text = new("--text") { Description = "the text to judge on; the run's own held-out text unless said otherwise", HelpName = "PATH" };
        Option<int?> context = new("--context") { Description = "tokens of a window; the model's sequence length unless said otherwise", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };
        Option<int?> stride = new("--stride") { Description = "tokens from one window to the next; the context unless said otherwise. A token is judged once, with as much before it as the window has", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };
        Option<long> maxTokens = new("--max-tokens") { Description = "judge at most so many tokens", HelpName = "N", DefaultValueFactory = _ => long.MaxValue, Validators = { CommonOptions.AtLeast(1) } };
        Command command = Verb.Make(
            "eval",
            "Loss and perplexity of a trained model on text.",
            "switchyard eval runs/dual --text book.txt --context 128 --stride 64",
            common,
            (parse, cancellation) => Run(parse, common, parse.GetValue(run)!, parse.GetValue(text), parse.GetValue(context), parse.GetValue(stride), parse.GetValue(maxTokens), cancellation));
        command.Arguments.Add(run);
        command.Options.Add(text);
        command.Options.Add(context);
        command.Options.Add(stride);
        command.Options.Add(maxTokens);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, string path, string? text, int? context, int? stride, long maxTokens, CancellationToken cancellation)
    {
        RunFolder folder = new(path);
        if (!File.Exists(folder.ConfigPath))
        {
            throw new ConfigurationException($"{path}: no config.json there; is it a run folder?");
        }

        RunConfig config = ConfigFile.Load(folder.ConfigPath);
        int length = context ?? config.Model.SequenceLength;
        if (length > config.Model.SequenceLength)
        {
            throw new ConfigurationException($"--context is {length}; the model was made for {config.Model.SequenceLength} tokens");
        }

        if (stride > length)
        {
            throw new ConfigurationException($"--stride is {stride}, longer than the context of {length}: tokens between windows would not be judged");
        }

        int last = folder.Checkpoints() is [.., int newest] ? newest : throw new ConfigurationException($"{path}: no checkpoint there");
        Verb.UseThreads(parse, common);
        using MoeTransformer model = new(config.ModelOptions(RoutingRecipe.Parse(config.Routing)));
        Checkpoint.LoadModel(model, folder.CheckpointPath(last));
        Evaluation evaluation = text is null
            ? HeldOut(model, config, maxTokens, cancellation)
            : Evaluator.Windows(model, Corpus.Open(text), length, stride ?? length, maxTokens, cancellation);

        EvalResult result = new(evaluation.Loss, Math.Exp(evaluation.Loss), evaluation.Tokens, Path.GetFullPath(text ?? folder.Path));
        string json = JsonSerializer.Serialize(result, ConfigFile.Json);
        Output.WriteJson(parse, common, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(json + "\n")), file => File.WriteAllText(file, json + "\n"));
        if (!parse.GetValue(common.Quiet) && !common.JsonToStandardOutput(parse))
        {
            Console.Out.WriteLine($"loss {result.Loss:0.0000} nats a token, perplexity {result.Perplexity:0.000}, over {result.Tokens:N0} tokens");
        }

        return ExitCode.Done;
    }

    private static Evaluation HeldOut(MoeTransformer model, RunConfig config, long maxTokens, CancellationToken cancellation)
    {
        using PackedCorpus corpus = config.OpenCorpus(cancellation);
        long sequences = Math.Max(1, Math.Min(maxTokens, config.Training.EvaluateTokens) / config.Model.SequenceLength);
        return Evaluator.Run(model, new HeldOutSequences(corpus, config.Model.SequenceLength).Batches(config.Training.BatchSequences, sequences), cancellation: cancellation);
    }
}
