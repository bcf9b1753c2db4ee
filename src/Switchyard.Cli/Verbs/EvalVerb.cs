using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Experts.Caching;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Trainers;

namespace Switchyard.Cli.Verbs;

/// <summary>Loss and perplexity of a model on text.</summary>
internal static class EvalVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        TextOptionSet windows = new();
        Argument<string> model = new("MODEL") { Description = "a model's folder in Hugging Face's layout, or the run folder of a trained model", Validators = { CommonOptions.RefuseDash } };
        Option<string?> text = new("--text") { Description = "the text to judge on: a text file, a folder, JSON Lines; for a run its own held-out text unless said otherwise", HelpName = "PATH" };
        ModelOptions load = new();
        TokenizerOption tokenizer = new();
        Command command = Verb.Make(
            "eval",
            "Loss and perplexity of a model on text.",
            "switchyard eval models/qwen3-moe --text book.txt --context 1024 --stride 512",
            common,
            (parse, cancellation) => Run(parse, common, parse.GetValue(model)!, parse.GetValue(text), windows, load.Read(parse), tokenizer, cancellation));
        command.Arguments.Add(model);
        command.Options.Add(text);
        load.AddTo(command);
        windows.AddTo(command);
        tokenizer.AddTo(command);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, string path, string? text, TextOptionSet windows, ModelLoadOptions load, TokenizerOption tokenizer, CancellationToken cancellation)
    {
        if (ModelPath.IsRunOfModel(path))
        {
            path = ModelPath.Resolve(path);
        }

        if (ModelPath.IsModel(path))
        {
            if (text is null)
            {
                Console.Error.WriteLine("switchyard: eval of a model's folder needs --text PATH, the text to judge on");
                return ExitCode.BadUsage;
            }

            ICorpus corpus = Corpus.Open(text);
            Verb.UseThreads(parse, common);
            (Evaluation evaluation, ExpertCacheStatistics? cached) = OfModel(parse, common, path, corpus, windows, load, tokenizer, cancellation);
            return Tell(parse, common, evaluation, Path.GetFullPath(text), cached);
        }

        if (load.ExpertCacheBytes is not null)
        {
            throw new ConfigurationException($"{path} is a run folder, whose model has its experts in memory; {ModelOptions.ExpertCacheName} is for a model's folder");
        }

        if (tokenizer.IsGiven(parse))
        {
            throw new ConfigurationException($"{path} is a run folder, whose vocabulary is its own; {TokenizerOption.Name} is for a model's folder");
        }

        return OfRun(parse, common, path, text, parse.GetValue(windows.Context), parse.GetValue(windows.Stride), parse.GetValue(windows.MaxTokens) ?? long.MaxValue, load, cancellation);
    }

    /// <summary>The loss of a model's folder on text, and what the cache of experts did, if there was one.</summary>
    private static (Evaluation Evaluation, ExpertCacheStatistics? Cached) OfModel(ParseResult parse, CommonOptions common, string path, ICorpus corpus, TextOptionSet windows, ModelLoadOptions load, TokenizerOption other, CancellationToken cancellation)
    {
        using TextTokenizer tokenizer = other.Open(parse, path);
        using MoeTransformer model = MoeTransformer.Load(path, load);
        TextOptions options = windows.Read(parse, model.Options.LongestSequence) with { Seed = parse.GetValue(common.Seed) ?? 1 };
        using TokenProgress progress = new(parse.GetValue(common.Quiet));
        return (TextEvaluation.Run(model, tokenizer, corpus, options, progress, cancellation), model.ExpertCache?.Statistics);
    }

    private static int OfRun(ParseResult parse, CommonOptions common, string path, string? text, int? context, int? stride, long maxTokens, ModelLoadOptions load, CancellationToken cancellation)
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
        model.ComputeType = load.ComputeType;
        using TokenProgress progress = new(parse.GetValue(common.Quiet));
        Evaluation evaluation = text is null
            ? HeldOut(model, config, folder, maxTokens, progress, cancellation)
            : OfText(model, config, folder, Corpus.Open(text), length, stride ?? length, maxTokens, progress, cancellation);
        return Tell(parse, common, evaluation, Path.GetFullPath(text ?? folder.Path), cached: null);
    }

    private static int Tell(ParseResult parse, CommonOptions common, Evaluation evaluation, string text, ExpertCacheStatistics? cached)
    {
        EvalResult result = new(evaluation.Loss, Math.Exp(evaluation.Loss), evaluation.Tokens, text) { LossPerByte = evaluation.LossPerByte, ExpertCache = cached };
        Output.WriteJson(parse, common, result);
        if (common.Prints(parse))
        {
            string bytes = result.LossPerByte is { } loss && loss != result.Loss ? $" ({loss:0.0000} a byte)" : string.Empty;
            Console.Out.WriteLine($"loss {result.Loss:0.0000} nats a token{bytes}, perplexity {result.Perplexity:0.000}, over {result.Tokens:N0} tokens");
        }

        ExpertCacheNotice.Write(cached, parse, common);

        return ExitCode.Done;
    }

    private static Evaluation OfText(MoeTransformer model, RunConfig config, RunFolder folder, ICorpus text, int context, int stride, long maxTokens, TokenProgress progress, CancellationToken cancellation)
    {
        using CorpusVocabulary? vocabulary = RunText.Vocabulary(config, folder);
        return Evaluator.Windows(model, text, vocabulary, context, stride, maxTokens, progress, cancellation);
    }

    private static Evaluation HeldOut(MoeTransformer model, RunConfig config, RunFolder folder, long maxTokens, TokenProgress progress, CancellationToken cancellation)
    {
        using RunText text = RunText.Continue(config, folder, cancellation);
        long sequences = Math.Max(1, Math.Min(maxTokens, config.Training.EvaluateTokens) / config.Model.SequenceLength);
        return Evaluator.Run(model, new HeldOutSequences(text.Corpus, config.Model.SequenceLength).Batches(config.Training.BatchSequences, sequences), vocabulary: text.Corpus.Vocabulary, progress: progress, cancellation: cancellation);
    }
}
