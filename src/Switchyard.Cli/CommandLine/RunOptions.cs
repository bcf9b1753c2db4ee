using System.CommandLine;
using System.CommandLine.Parsing;
using Switchyard.Experts;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Configuration;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.CommandLine;

/// <summary>The options of verbs that train: where the configuration comes from, and what they change in it.</summary>
internal sealed class RunOptions
{
    private static readonly string[] SavedNames = ["keep", "recompute"];
    private static readonly string[] DtypeNames = ["fp32", "bf16"];

    private readonly CommonOptions _common;

    public RunOptions(CommonOptions common) => _common = common;

    public Option<string?> Preset { get; } = PresetOption();

    public Option<string?> Config { get; } = new("--config") { Description = "a JSON configuration instead of a preset", HelpName = "FILE" };

    public Option<string?> Corpus { get; } = new("--corpus") { Description = "text to train on: a text file, a folder, JSON Lines with a `text` field; the SDK's own documentation unless said otherwise; packed once, in the folder SWITCHYARD_CORPORA or the user's cache", HelpName = "PATH" };

    public Option<int?> Vocabulary { get; } = Number<int?>("--vocab", "learn a byte-level vocabulary of N tokens from the training text; tokens are bytes unless said otherwise", BytePairTrainer.SmallestVocabulary);

    public Option<int?> Steps { get; } = Number<int?>("--steps", "optimizer steps", 1);

    public Option<int?> BatchSequences { get; } = Number<int?>("--batch-sequences", "sequences of a batch", 1);

    public Option<int?> AccumulationSteps { get; } = Number<int?>("--accumulation-steps", "batches of a step", 1);

    public Option<double?> LearningRate { get; } = Number<double?>("--learning-rate", "peak learning rate", 0);

    public Option<int?> EvaluateTokens { get; } = Number<int?>("--evaluate-tokens", "held-out tokens of an evaluation", 1);

    public Option<int?> CheckpointEvery { get; } = Number<int?>("--checkpoint-every", "steps between checkpoints; 0 for the end only", 0);

    public Option<string?> Dtype { get; } = Named("--dtype", "type of the products", () => DtypeNames);

    public Option<string?> Executor { get; } = Named("--executor", "how experts are run", () => Executors.All.Names);

    public Option<string?> Activations { get; } = Named("--activations", "what executors keep for the backward", () => SavedNames);

    public Option<string?> Capacity { get; } = Named("--capacity", "what happens to pairs that do not fit", () => Switchyard.Capacity.CapacityPolicies.All.Names);

    public Option<double?> CapacityFactor { get; } = Number<double?>("--capacity-factor", "an expert takes ceil(factor * T * k / E) pairs", 0);

    public Option<string?> Output { get; } = new("--output") { Description = "run folder; runs/VERB-PRESET-TIME unless said otherwise", HelpName = "FOLDER" };

    public Option<string?> Resume { get; } = new("--resume") { Description = "go on with an interrupted run", HelpName = "FOLDER" };

    /// <summary>Adds them, after those that a verb has besides. Beside --resume none of them may stand: what they would change is in the run's folder.</summary>
    public void AddTo(Command command, params Option[] before)
    {
        Option[] changing =
        [
            .. before, Preset, Config, Corpus, Vocabulary, Steps, BatchSequences, AccumulationSteps, LearningRate, EvaluateTokens, CheckpointEvery, Dtype, Executor, Activations, Capacity, CapacityFactor, Output,
        ];
        foreach (Option option in changing.Append(Resume))
        {
            command.Options.Add(option);
        }

        CommonOptions.RefuseBeside(command, Resume, [.. changing, _common.Seed]);
        CommonOptions.RequireBeside(command, CapacityFactor, Capacity);
        CommonOptions.RefuseTogether(command, Preset, Config);
    }

    /// <summary>The configuration with the verb, the command and the machine that the run began with, where it does not say so already.</summary>
    public RunConfig Begun(string verb, RunConfig config, ParseResult parse) => config with
    {
        Verb = verb,
        Command = config.Command ?? CommandText.Of(verb, parse),
        Machine = config.Machine ?? Verb.Machine(parse, _common),
    };

    /// <summary>The configuration that the options ask for.</summary>
    /// <exception cref="ConfigurationException">There is none, or --resume names the run of another verb.</exception>
    public RunConfig Read(ParseResult parse, string verb)
    {
        if (parse.GetValue(Resume) is { } folder)
        {
            string path = new RunFolder(folder).ConfigPath;
            RunConfig begun = File.Exists(path) ? ConfigFile.Load(path) : throw new ConfigurationException($"--resume {folder}: no config.json there; is it a run folder?");
            return begun.Verb is null || begun.Verb == verb ? begun : throw new ConfigurationException($"--resume {folder}: a run of {begun.Verb}; go on with it by: switchyard {begun.Verb} --resume {folder}");
        }

        RunConfig config = parse.GetValue(Config) is { } file ? ConfigFile.Load(file) : Training.Configuration.Preset.Get(parse.GetValue(Preset) ?? "quick");
        TrainingOptions training = config.Training;
        config = config with
        {
            Corpus = (parse.GetValue(Corpus) ?? config.Corpus) is { } corpus ? Path.GetFullPath(corpus) : null,
            Vocabulary = parse.GetValue(Vocabulary) ?? config.Vocabulary,
            Seed = parse.GetValue(_common.Seed) ?? config.Seed,
            Executor = parse.GetValue(Executor) ?? config.Executor,
            Activations = parse.GetValue(Activations) is { } kept ? Enum.Parse<SavedActivations>(kept, ignoreCase: true) : config.Activations,
            Capacity = parse.GetValue(Capacity) ?? config.Capacity,
            CapacityFactor = parse.GetValue(CapacityFactor) ?? config.CapacityFactor,
            Training = training with
            {
                Steps = parse.GetValue(Steps) ?? training.Steps,
                BatchSequences = parse.GetValue(BatchSequences) ?? training.BatchSequences,
                AccumulationSteps = parse.GetValue(AccumulationSteps) ?? training.AccumulationSteps,
                LearningRate = parse.GetValue(LearningRate) ?? training.LearningRate,
                EvaluateTokens = parse.GetValue(EvaluateTokens) ?? training.EvaluateTokens,
                CheckpointEvery = parse.GetValue(CheckpointEvery) ?? training.CheckpointEvery,
                Dtype = parse.GetValue(Dtype) ?? training.Dtype,
            },
        };
        return config;
    }

    /// <summary>The folder of the run, made where there is none; a new run takes none that is in use.</summary>
    /// <exception cref="ConfigurationException">It cannot be written, or holds something already.</exception>
    public RunFolder Folder(ParseResult parse, string verb, RunConfig config)
    {
        string? resumed = parse.GetValue(Resume);
        RunFolder folder = new(resumed ?? parse.GetValue(Output) ?? Path.Combine("runs", $"{verb}-{config.Name}-{DateTime.Now:yyyyMMdd-HHmmss}"));
        if (resumed is null)
        {
            folder.RequireUnused();
        }

        folder.Create();
        return folder;
    }

    /// <summary>Loads torch with the threads that are asked for; a run that goes on has those that it began with unless told otherwise, since its numbers may depend on them.</summary>
    public void UseThreads(ParseResult parse, RunConfig config) =>
        Verb.UseThreads(parse, _common, parse.GetValue(Resume) is null ? null : config.Machine?.Threads);

    /// <summary>The text of the run that <see cref="Read"/> and <see cref="Folder"/> name, and the configuration with its vocabulary.</summary>
    public RunText Text(ParseResult parse, RunConfig config, RunFolder folder, CancellationToken cancellation) =>
        parse.GetValue(Resume) is null ? RunText.Begin(config, folder, cancellation) : RunText.Continue(config, folder, cancellation);

    private static Option<T> Number<T>(string name, string description, double minimum) =>
        new(name) { Description = description, HelpName = "N", Validators = { CommonOptions.AtLeast(minimum) } };

    private static Option<string?> PresetOption()
    {
        Option<string?> option = Named("--preset", "a configuration that comes with the product", () => Training.Configuration.Preset.Names);
        option.Description += Environment.NewLine + string.Join(Environment.NewLine, Training.Configuration.Preset.Names.Select(n => $"  {n}: {Training.Configuration.Preset.Summary(n)}"));
        return option;
    }

    private static Option<string?> Named(string name, string description, Func<IReadOnlyList<string>> names)
    {
        Option<string?> option = new(name) { Description = $"{description} ({string.Join(", ", names())})", HelpName = "NAME" };
        option.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
            {
                if (!names().Contains(token.Value, StringComparer.Ordinal))
                {
                    result.AddError($"{name} is '{token.Value}'; did you mean '{NearestName.Of(token.Value, names())}'? Known: {string.Join(", ", names())}");
                }
            }
        });
        return option;
    }
}
