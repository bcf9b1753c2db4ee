using System.CommandLine;
using Switchyard.Experts;
using Switchyard.Training.Rerouting;

namespace Switchyard.Cli.CommandLine;

/// <summary>How routers are started, trained and judged: the options that <c>reroute</c> and <c>characterize</c> share.</summary>
internal sealed class RerouteOptionSet(int usualSteps)
{
    private static readonly RerouteConfig Usual = new() { Model = string.Empty, Corpus = string.Empty };

    private readonly Option<int> _distillSteps = Number("--distill-steps", "batches of text that routers are fitted to the old ones on", Usual.DistillSteps, 0);
    private readonly Option<int> _steps = Number("--steps", "optimizer steps of training after that; 0 for none", usualSteps, 0);
    private readonly Option<int> _batch = Number("--batch-sequences", "sequences of a batch", Usual.Training.BatchSequences, 1);
    private readonly Option<int> _context = Number("--context", "tokens of a sequence", Usual.Context, 2);
    private readonly Option<double> _rate = Number("--learning-rate", "peak learning rate", Usual.Training.LearningRate, 0.0);
    private readonly Option<double> _teacher = Number("--teacher-weight", "share of the distance from the original model's predictions in the loss, 0 to 1; the rest is the next token's loss", Usual.TeacherWeight, 0.0);
    private readonly Option<int> _evaluateTokens = Number("--evaluate-tokens", "held-out tokens of an evaluation", Usual.Training.EvaluateTokens, 1);
    private readonly Option<int> _evaluateEvery = Number("--evaluate-every", "steps between evaluations and checkpoints", Usual.Training.EvaluateEvery, 1);
    private readonly Option<int?> _patience = new("--patience") { Description = "end training after so many evaluations in a row without a lower held-out loss, or with --keep-loss, without a better routing that keeps it; never unless said otherwise", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };
    private readonly Option<string> _activations = CommonOptions.OneOf("--activations", "what executors keep for gradients, or compute again", "keep", "keep", "recompute");

    public Option<string?> Text { get; } = new("--text") { Description = "text to train on, a share of whose documents is held out: a text file, a folder, JSON Lines", HelpName = "PATH" };

    public Option<string?> Judge { get; } = new("--judge") { Description = "text to judge the original and what comes out by, as `profile` does", HelpName = "PATH" };

    public Option<int?> JudgeContext { get; } = new("--judge-context") { Description = "tokens of a window of that text; as for `profile` unless said otherwise", HelpName = "N", Validators = { CommonOptions.AtLeast(2) } };

    public Option<long?> MaxTokens { get; } = new("--max-tokens") { Description = "judge by at most so many tokens; all unless said otherwise", HelpName = "N", Validators = { CommonOptions.AtLeast(2) } };

    public IEnumerable<Option> Training => [_distillSteps, _steps, _batch, _context, _rate, _teacher, _evaluateTokens, _evaluateEvery, _patience, _activations];

    public IEnumerable<Option> Judging => [Judge, JudgeContext, MaxTokens];

    /// <summary>Model, text and training; the rest is left as it usually is.</summary>
    public RerouteConfig Read(ParseResult parse, string model, long? seed) => Usual with
    {
        Model = Path.GetFullPath(ModelPath.Resolve(model)),
        Corpus = Path.GetFullPath(parse.GetValue(Text)!),
        DistillSteps = parse.GetValue(_distillSteps),
        Context = parse.GetValue(_context),
        TeacherWeight = parse.GetValue(_teacher),
        Patience = parse.GetValue(_patience),
        Activations = Enum.Parse<SavedActivations>(parse.GetValue(_activations)!, ignoreCase: true),
        Seed = seed ?? Usual.Seed,
        Training = Usual.Training with
        {
            Steps = parse.GetValue(_steps),
            BatchSequences = parse.GetValue(_batch),
            LearningRate = parse.GetValue(_rate),
            EvaluateEvery = parse.GetValue(_evaluateEvery),
            CheckpointEvery = parse.GetValue(_evaluateEvery),
            EvaluateTokens = parse.GetValue(_evaluateTokens),
        },
    };

    private static Option<T> Number<T>(string name, string description, T otherwise, double minimum) =>
        new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => otherwise, Validators = { CommonOptions.AtLeast(minimum) } };
}
