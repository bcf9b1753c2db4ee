using System.Diagnostics;
using System.Text.Json;
using Switchyard.Metrics;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Rerouting;

/// <summary>Replaces the routers of a checkpoint and trains them, everything else frozen, in the folder of a run: logs, checkpoints, and at the end the new checkpoint. An interrupted run goes on from its last checkpoint.</summary>
public sealed class RerouteRun
{
    private const int AgreementTokens = 8192;

    private readonly RerouteConfig _config;
    private readonly RunFolder _folder;

    /// <summary>Prepares a run.</summary>
    /// <param name="config">What is replaced by what, and how it is trained.</param>
    /// <param name="folder">Where the run is written; the new checkpoint is its <see cref="RunFolder.ModelPath"/>.</param>
    /// <exception cref="ConfigurationException">Something is out of range.</exception>
    public RerouteRun(RerouteConfig config, RunFolder folder)
    {
        config.Validate();
        _config = config;
        _folder = folder;
    }

    /// <summary>Sees the model at each <see cref="RerouteStage"/>, its new routing in its place; a run that goes on from a checkpoint has the first stages behind it.</summary>
    internal Action<RerouteStage, ReroutedModel>? Watch { get; init; }

    /// <summary>Whether the new checkpoint is written.</summary>
    internal bool WritesModel { get; init; } = true;

    /// <summary>Replaces, fits and trains the routers, and writes the new checkpoint.</summary>
    /// <param name="machine">The machine, for the result.</param>
    /// <param name="command">The command that repeats it.</param>
    /// <param name="resume">Whether to go on from the last checkpoint in the folder, if there is one.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Stops after the current step, with a checkpoint.</param>
    /// <exception cref="ConfigurationException">The folder is in use, the parts do not fit together, a text is too short, or the model's loss is no number.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    /// <exception cref="DivergenceException">Training diverged.</exception>
    public RerouteResult Run(MachineInfo machine, string command, bool resume = false, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (!resume)
        {
            _folder.RequireUnused();
            _folder.RequireWritable();
        }

        using CorpusVocabulary? vocabulary = CorpusVocabulary.OfModel(_config.Model);
        using PackedCorpus corpus = Open(_config, vocabulary, cancellation);
        using TextTokenizer bytes = new ByteTokenizer();
        using ReroutedModel model = ReroutedModel.Load(_config, vocabulary?.Tokenizer ?? bytes);
        RequireFit(model, vocabulary);
        using TextJudge? judge = TextJudge.Of(_config, model, cancellation);
        TokenStream text = new(corpus, _config.Context, _config.Training.BatchSequences, _config.Seed);
        IEnumerable<TokenBatch> heldOut = HeldOut(corpus, _config.Training.EvaluateTokens);
        using RerouteTrainer trainer = new(model, _config, text);
        double seconds = 0;
        List<HistoryPoint> history = [];
        Stopwatch clock = Stopwatch.StartNew();
        Report(progress, trainer, "evaluating");
        RerouteFigures before = Evaluate(model, heldOut, old: true, cancellation);
        if (!double.IsFinite(before.Loss))
        {
            throw new ConfigurationException($"'{_config.Model}': its loss on the held-out text is {before.Loss}; a weight of the model is no number, or too large");
        }

        _folder.Create();
        KeptRouting? kept = null;
        TrainingWindowState? begun = null;
        if (resume && _folder.Checkpoints() is [.., int last])
        {
            CheckpointState state = Checkpoint.Restore(_folder.CheckpointPath(last), model.Weights(), trainer.Optimizer, model.RoutingName);
            (trainer.StepsDone, trainer.SkippedSteps, trainer.SkippedInARow, seconds, begun) = (state.Step, state.SkippedSteps, state.SkippedInARow, state.Seconds, state.Window);
            history = _folder.ContinueMetrics(last);
            kept = KeptRouting.Read(_folder, last);
            model.Strength = history.Select(h => h.TestLoss).OfType<double>().Aggregate(FirstStrength, (strength, loss) => NextStrength(strength, loss > before.Loss));
        }
        else
        {
            File.Delete(_folder.MetricsPath);
            KeptRouting.Clear(_folder);
            _folder.WriteConfig(_config);
            Watch?.Invoke(RerouteStage.Made, model);
            RouterBeginning.Routers(model, _config, corpus, text, progress, cancellation);
            Watch?.Invoke(RerouteStage.Started, model);
            AtomicFile.Write(StartPath, stream => JsonSerializer.Serialize(stream, RoutingAgreement.Measure(model, HeldOut(corpus, AgreementTokens), cancellation)));
            if (_config.Training.Steps > 0)
            {
                RouterBeginning.Balancers(model, _config, text);
                model.Strength = FirstStrength;
            }
        }

        TrainingWindow window = new(model.Model, model.Layers[0].Options.Experts, begun);
        kept = Train(trainer, window, heldOut, before.Loss, kept, history, () => seconds + clock.Elapsed.TotalSeconds, progress, cancellation);
        Report(progress, trainer, "evaluating");
        if (_config.KeepLoss || kept.Step != trainer.StepsDone)
        {
            kept.Load(_folder, model.Weights());
        }

        if (_config.Training.Steps > 0)
        {
            trainer.Settle(cancellation);
        }

        double strength = model.Strength = _config.KeepLoss ? StrengthThatKeeps(model, heldOut, before.Loss, kept, cancellation) : 1;
        model.KeepStrength();
        RerouteFigures after = Evaluate(model, heldOut, old: false, cancellation);
        double[] agreement = RoutingAgreement.Measure(model, HeldOut(corpus, AgreementTokens), cancellation);
        Watch?.Invoke(RerouteStage.Trained, model);
        if (WritesModel)
        {
            Save(model, cancellation);
        }

        (ProfileResult Before, ProfileResult After)? judged = judge is null ? null : Judge(model, judge, machine, command, progress, cancellation);
        return new RerouteResult
        {
            Machine = machine,
            Command = command,
            Config = _config,
            Routing = model.RoutingName,
            Output = _folder.ModelPath,
            Corpus = corpus.Info,
            Before = before with { RouterMicrosecondsPerToken = Cost(model, old: true) },
            After = after with { RouterMicrosecondsPerToken = Cost(model, old: false) },
            AgreementAtStart = JsonSerializer.Deserialize<double[]>(File.ReadAllText(StartPath))!,
            Agreement = agreement,
            KeptStep = kept.Step,
            BiasStrength = strength,
            Steps = trainer.StepsDone,
            Seconds = seconds + clock.Elapsed.TotalSeconds,
            History = history,
            JudgedBefore = judged?.Before,
            JudgedAfter = judged?.After,
        };
    }

    /// <summary>Refuses a text that is too short to train on and to hold a share out of.</summary>
    /// <exception cref="CorpusException">It is, or it is missing or unreadable.</exception>
    internal static void RequireText(RerouteConfig config, CancellationToken cancellation)
    {
        using CorpusVocabulary? vocabulary = CorpusVocabulary.OfModel(config.Model);
        using PackedCorpus corpus = Open(config, vocabulary, cancellation);
        _ = new TokenStream(corpus, config.Context, config.Training.BatchSequences, config.Seed);
        _ = new HeldOutSequences(corpus, config.Context);
    }

    private string StartPath => Path.Combine(_folder.Path, "start.json");

    private static PackedCorpus Open(RerouteConfig config, CorpusVocabulary? vocabulary, CancellationToken cancellation)
    {
        PackedCorpus bytes = PackedCorpus.Build(Corpus.Open(config.Corpus), split: new CorpusSplit { HeldOutShare = config.HeldOutShare }, cancellationToken: cancellation);
        if (vocabulary is null)
        {
            return bytes;
        }

        using (bytes)
        {
            return bytes.Tokenize(vocabulary, cancellation);
        }
    }

    private void RequireFit(ReroutedModel model, CorpusVocabulary? vocabulary)
    {
        _config.RequireContext(model.Model.Options.LongestSequence);

        if (_config.Start == RouterStart.Copy)
        {
            model.RequireCopy();
        }

        if (vocabulary is not null && vocabulary.EndOfDocument >= model.Model.Options.VocabularySize)
        {
            throw new ConfigurationException($"'{_config.Model}': the tokenizer ends texts with token {vocabulary.EndOfDocument}; the model knows 0 to {model.Model.Options.VocabularySize - 1}: they do not belong together");
        }
    }

    private IEnumerable<TokenBatch> HeldOut(PackedCorpus corpus, int tokens) =>
        new HeldOutSequences(corpus, _config.Context).Batches(_config.Training.BatchSequences, Math.Max(1, tokens / _config.Context));

    private KeptRouting Train(RerouteTrainer trainer, TrainingWindow window, IEnumerable<TokenBatch> heldOut, double bound, KeptRouting? kept, List<HistoryPoint> history, Func<double> seconds, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        TrainingOptions training = _config.Training;
        ReroutedModel model = trainer.Rerouted;
        double? limit = _config.KeepLoss ? bound : null;
        kept ??= Begin(model, heldOut, trainer.StepsDone, limit, cancellation);
        while (trainer.StepsDone < training.Steps && !IsSpent(history, kept))
        {
            StepResult step = trainer.Step(window.Recorder);
            window.Add(step, trainer.StepTokens);
            bool ends = trainer.StepsDone == training.Steps, stops = cancellation.IsCancellationRequested;
            bool evaluates = ends || (training.EvaluateEvery > 0 && trainer.StepsDone % training.EvaluateEvery == 0);
            if (evaluates || trainer.StepsDone % training.LogEvery == 0)
            {
                RerouteFigures? figures = evaluates ? Evaluate(model, heldOut, old: false, cancellation) : null;
                HistoryPoint point = window.Close(trainer.StepsDone, (long)trainer.StepsDone * trainer.StepTokens, figures?.Loss);
                history.Add(point);
                _folder.AppendMetrics(point);
                if (figures is not null)
                {
                    kept = Keep(model, figures, trainer.StepsDone, kept, limit);
                    model.Strength = NextStrength(model.Strength, figures.Loss > limit);
                }

                progress?.Report(new TrainingProgress(model.RoutingName, trainer.StepsDone, training.Steps, point.Loss, window.TokensPerSecond, "training"));
            }

            // After a skipped step the weights may be those that diverge: a checkpoint of them would push out the last good one.
            if (ends || stops || (training.CheckpointEvery > 0 && !step.Skipped && trainer.StepsDone % training.CheckpointEvery == 0))
            {
                Checkpoint.Save(
                    _folder.CheckpointPath(trainer.StepsDone),
                    model.Weights(),
                    trainer.Optimizer,
                    new CheckpointState(trainer.StepsDone, trainer.Optimizer.Steps, trainer.SkippedSteps, seconds(), model.RoutingName) { SkippedInARow = trainer.SkippedInARow, Window = window.State });
                kept.RemoveEarlier(_folder);
                if (!step.Skipped)
                {
                    _folder.RemoveOldCheckpoints(training.KeepCheckpoints);
                }
            }

            if (stops)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }

        return kept;
    }

    /// <summary>Whether as many evaluations in a row as the patience allows have brought nothing better. The history tells, so that a run that goes on ends where it would have.</summary>
    private bool IsSpent(List<HistoryPoint> history, KeptRouting kept)
    {
        HistoryPoint[] evaluated = [.. history.Where(h => h.TestLoss is not null)];
        if (_config.Patience is not { } patience || evaluated.Length < patience)
        {
            return false;
        }

        int best = _config.KeepLoss ? kept.Step : evaluated.MinBy(h => h.TestLoss)!.Step;
        return evaluated.Count(h => h.Step > best) >= patience;
    }

    private KeptRouting Keep(ReroutedModel model, RerouteFigures figures, int step, KeptRouting? kept, double? limit)
    {
        KeptRouting now = new(step, figures.Loss, figures.Gini, model.Strength);
        if (!now.IsBetterThan(kept, limit))
        {
            return kept!;
        }

        now.Save(_folder, model.Weights());
        return now;
    }

    /// <summary>Where the loss is to be kept, balance begins at half its strength, gives way where an evaluation passes the original's loss, and comes back where it does not.</summary>
    private double FirstStrength => _config.KeepLoss ? 0.5 : 1;

    private double NextStrength(double strength, bool passed) => !_config.KeepLoss ? 1 : passed ? strength * 0.7 : Math.Min(1, strength * 1.3);

    /// <summary>What is kept before the first step. Where the loss is to be kept, the routing without its balancers is a candidate: what was copied or fitted well has the original's loss.</summary>
    private KeptRouting Begin(ReroutedModel model, IEnumerable<TokenBatch> heldOut, int step, double? limit, CancellationToken cancellation)
    {
        double strength = model.Strength;
        KeptRouting? kept = null;
        if (limit is not null)
        {
            model.Strength = 0;
            kept = Keep(model, Evaluate(model, heldOut, old: false, cancellation), step, null, limit);
            model.Strength = strength;
        }

        return Keep(model, Evaluate(model, heldOut, old: false, cancellation), step, kept, limit);
    }

    /// <summary>
    /// The largest factor on what the balancers do with which the held-out loss is not above the original's. Balancers have settled since the loss of what was kept was measured:
    /// where no factor keeps the loss any more, the routing is put back as it was kept, and where none ever did, what has the least loss of all is left.
    /// </summary>
    private double StrengthThatKeeps(ReroutedModel model, IEnumerable<TokenBatch> heldOut, double bound, KeptRouting kept, CancellationToken cancellation)
    {
        const int halvings = 5;
        double LossAt(double strength)
        {
            model.Strength = strength;
            return Evaluate(model, heldOut, old: false, cancellation).Loss;
        }

        double[] tried = [kept.Strength, 0];
        double[] losses = [.. tried.Distinct().Select(LossAt)];
        int keeps = Array.FindIndex(losses, loss => loss <= bound);
        if (keeps < 0)
        {
            int least = Array.IndexOf(losses, losses.Min());
            if (!(losses[least] < kept.Loss))
            {
                kept.Load(_folder, model.Weights());
                return kept.Strength;
            }

            return tried[least];
        }

        double low = tried[keeps], high = keeps == 0 ? 1 : kept.Strength;
        if (keeps == 0 && low < high && LossAt(high) <= bound)
        {
            return high;
        }

        for (int i = 0; i < halvings && low < high; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = LossAt(middle) <= bound ? (middle, high) : (low, middle);
        }

        return low;
    }

    private void Report(IProgress<TrainingProgress>? progress, RerouteTrainer trainer, string phase) =>
        progress?.Report(new TrainingProgress(trainer.Rerouted.RoutingName, trainer.StepsDone, _config.Training.Steps, double.NaN, 0, phase));

    private static RerouteFigures Evaluate(ReroutedModel model, IEnumerable<TokenBatch> heldOut, bool old, CancellationToken cancellation)
    {
        model.Use(old);
        try
        {
            LoadRecorder load = new(LoadRecorderOptions.LoadOnly);
            Evaluation evaluation = model.Masking is { } masking ? Evaluator.Masked(model.Model, heldOut, masking, load, cancellation: cancellation) : Evaluator.Run(model.Model, heldOut, load, cancellation: cancellation);
            IReadOnlyList<LayerStatistics> layers = evaluation.Routing!.Statistics();
            return new RerouteFigures
            {
                Loss = evaluation.Loss,
                Gini = layers.Average(l => l.Balance.Gini),
                GiniWorstLayer = layers.Max(l => l.Balance.Gini),
                MinMax = layers.Average(l => l.Balance.MinMax),
                LoadEntropy = layers.Average(l => l.Balance.LoadEntropy),
                Utilisation = layers.Average(l => l.Balance.Utilisation),
                RouterParameters = model.Model.RouterParameters,
            };
        }
        finally
        {
            model.Use(old: false);
        }
    }

    private static double Cost(ReroutedModel model, bool old)
    {
        model.Use(old);
        double cost = RouterCost.MicrosecondsPerToken(model.Model);
        model.Use(old: false);
        return cost;
    }

    private void Save(ReroutedModel model, CancellationToken cancellation)
    {
        if (Directory.Exists(_folder.ModelPath))
        {
            Directory.Delete(_folder.ModelPath, recursive: true);
        }

        model.Model.SaveRerouted(_folder.ModelPath, cancellation);
    }

    private (ProfileResult Before, ProfileResult After) Judge(ReroutedModel model, TextJudge judge, MachineInfo machine, string command, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        ProfileResult Profile(string path, bool old)
        {
            progress?.Report(new TrainingProgress(model.RoutingName, 0, 1, double.NaN, 0, old ? "judging the original" : "judging"));
            model.Use(old);
            try
            {
                return Profiler.Run(model.Model, new ProfileRequest { ModelPath = path, Tokenizer = judge.Tokenizer, Corpus = judge.Corpus, Text = judge.Windows, Command = command }, machine, cancellation: cancellation);
            }
            finally
            {
                model.Use(old: false);
            }
        }

        return (Profile(_config.Model, old: true), Profile(_folder.ModelPath, old: false));
    }
}
