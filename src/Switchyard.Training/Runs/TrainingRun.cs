using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Results;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Runs;

/// <summary>Trains one model into a run folder: logs, evaluations, checkpoints, and at the end the row of figures. An interrupted run goes on from its last checkpoint.</summary>
public sealed class TrainingRun
{
    /// <summary>Settings of a comparison, and what is said of a run.</summary>
    private static readonly string[] SettingsApart = ["name", "summary", "rows", "seeds", "verb", "command", "machine"];

    private readonly RunConfig _config;
    private readonly RoutingRecipe _routing;
    private readonly PackedCorpus _corpus;
    private readonly RunFolder _folder;
    private readonly ILogger _logger;

    /// <summary>Prepares a run.</summary>
    /// <param name="config">Sizes and training options.</param>
    /// <param name="routing">Router, selector and balancer.</param>
    /// <param name="corpus">The text.</param>
    /// <param name="folder">Where the run is written.</param>
    /// <param name="logger">Told of beginning and end, evaluations, checkpoints and skipped steps; null for nobody.</param>
    public TrainingRun(RunConfig config, RoutingRecipe routing, PackedCorpus corpus, RunFolder folder, ILogger? logger = null)
    {
        _logger = logger ?? NullLogger.Instance;
        _config = config with { Routing = routing.Name };
        _routing = routing;
        _corpus = corpus;
        _folder = folder;
    }

    /// <summary>Trains to the last step and measures the result.</summary>
    /// <param name="resume">Whether to go on from the last checkpoint in the folder, if there is one; otherwise the run starts anew and replaces what is there.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Stops after the current step, with a checkpoint.</param>
    /// <exception cref="OperationCanceledException">It was stopped; a checkpoint has been written.</exception>
    /// <exception cref="DivergenceException">Training diverged; the last good checkpoint stays.</exception>
    /// <exception cref="ConfigurationException">What is to be resumed is the run of another configuration.</exception>
    public CompareRow Run(bool resume = false, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (resume)
        {
            RequireSameRun();
        }

        _folder.Create();
        using Trainer trainer = new(_config, _routing, new TokenStream(_corpus, _config.Model.SequenceLength, _config.Training.BatchSequences, _config.Seed));
        double seconds = 0;
        TrainingWindowState? begun = null;
        List<HistoryPoint> history = [];
        if (resume && _folder.Checkpoints() is [.., int last])
        {
            CheckpointState state = Checkpoint.RestoreState(trainer, _folder.CheckpointPath(last));
            (seconds, begun) = (state.Seconds, state.Window);
            history = _folder.ContinueMetrics(last);
        }
        else
        {
            File.Delete(_folder.MetricsPath);
            _folder.RemoveOldCheckpoints(keep: 0);
            if (trainer.Model.WantsTokenFrequencies)
            {
                trainer.Model.SetTokenFrequencies(_corpus.TrainFrequencies(_config.Model.VocabularySize));
            }
        }

        _corpus.Vocabulary?.CopyTo(_folder.Path);
        _folder.WriteConfig(_config.WrittenOut());
        using TensorBoardLog events = new(_folder.Path);
        Stopwatch clock = Stopwatch.StartNew();
        TrainingWindow window = new(trainer.Model, _config.Model.Experts, begun);
        RunLog.Begun(_logger, _routing.Name, trainer.StepsDone, _config.Training.Steps, _folder.Path);
        Evaluation evaluation = Train(trainer, window, history, events, () => seconds + clock.Elapsed.TotalSeconds, progress, cancellation)
            ?? EvaluateWhole(trainer, progress);
        trainer.Model.Save(_folder.ModelPath);
        _corpus.Vocabulary?.CopyTo(_folder.ModelPath);
        CompareRow row = RowMeasurement.Row(trainer, evaluation, history, _corpus.Info, seconds + clock.Elapsed.TotalSeconds);
        RunLog.Ended(_logger, row.Name, row.Seconds, row.TestLoss, row.Gini, row.MinMax);
        return row;
    }

    /// <summary>Refuses a folder in which another configuration runs: what it holds is not what is asked for.</summary>
    /// <exception cref="ConfigurationException">One does.</exception>
    internal void RequireSameRun()
    {
        if (!File.Exists(_folder.ConfigPath))
        {
            return;
        }

        JsonObject there = Compared(ConfigFile.Load(_folder.ConfigPath)), here = Compared(_config.WrittenOut());
        if (there.FirstOrDefault(setting => !JsonNode.DeepEquals(setting.Value, here[setting.Key])) is { Key: { } key })
        {
            throw new ConfigurationException($"'{_folder.Path}' holds a run of another configuration, whose '{key}' is {there[key]?.ToJsonString() ?? "null"}; name another folder");
        }
    }

    /// <summary>The settings that decide what comes out of a run.</summary>
    private static JsonObject Compared(RunConfig config) => ConfigFile.Without(config, SettingsApart);

    /// <summary>Trains to the last step, whose evaluation with its routing is returned; null where there was no step left to do.</summary>
    private Evaluation? Train(Trainer trainer, TrainingWindow window, List<HistoryPoint> history, TensorBoardLog events, Func<double> seconds, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        TrainingOptions training = _config.Training;
        Evaluation? whole = null;
        while (trainer.StepsDone < training.Steps)
        {
            StepResult step = trainer.Step(window.Recorder);
            window.Add(step, trainer.StepTokens);
            if (step.Skipped)
            {
                RunLog.Skipped(_logger, _routing.Name, trainer.StepsDone);
            }

            bool ends = trainer.StepsDone == training.Steps;
            bool stops = cancellation.IsCancellationRequested;
            if (ends)
            {
                trainer.Settle();
            }

            bool evaluates = training.EvaluateEvery > 0 && trainer.StepsDone % training.EvaluateEvery == 0;
            if (trainer.StepsDone % training.LogEvery == 0 || evaluates || ends)
            {
                whole = ends ? EvaluateWhole(trainer, progress) : null;
                double? testLoss = whole?.Loss ?? (evaluates
                    ? Evaluator.Run(trainer.Model, HeldOut(), vocabulary: _corpus.Vocabulary, cancellation: CancellationToken.None).Loss
                    : null);
                HistoryPoint point = window.Close(trainer.StepsDone, (long)trainer.StepsDone * trainer.StepTokens, testLoss);
                history.Add(point);
                if (testLoss is { } loss)
                {
                    RunLog.Evaluated(_logger, _routing.Name, loss, trainer.StepsDone);
                }

                _folder.AppendMetrics(point);
                events.Write(point);
            }

            progress?.Report(new TrainingProgress(_routing.Name, trainer.StepsDone, training.Steps, step.Loss, window.TokensPerSecond, "training"));
            // After a skipped step the weights may be those that diverge: no checkpoint of them pushes out the last good one.
            if (ends || stops || (training.CheckpointEvery > 0 && !step.Skipped && trainer.StepsDone % training.CheckpointEvery == 0))
            {
                Checkpoint.Save(trainer, _folder.CheckpointPath(trainer.StepsDone), seconds(), window.State);
                RunLog.Saved(_logger, _routing.Name, trainer.StepsDone, _folder.CheckpointPath(trainer.StepsDone));
                if (!step.Skipped)
                {
                    _folder.RemoveOldCheckpoints(training.KeepCheckpoints);
                }
            }

            // A stop that is asked for later than above waits for the next step, which then leaves its checkpoint.
            if (stops)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }

        return whole;
    }

    /// <summary>The evaluation that the row is made of: held-out loss with the routing recorded. It runs to its end, so that a last step is never left without its checkpoint.</summary>
    private Evaluation EvaluateWhole(Trainer trainer, IProgress<TrainingProgress>? progress)
    {
        progress?.Report(new TrainingProgress(_routing.Name, trainer.StepsDone, _config.Training.Steps, double.NaN, 0, "evaluating"));
        return Evaluator.Run(trainer.Model, HeldOut(), RowMeasurement.NewRecorder(_corpus.Info.Domains.Count), _corpus.Vocabulary, cancellation: CancellationToken.None);
    }

    private IEnumerable<TokenBatch> HeldOut() =>
        new HeldOutSequences(_corpus, _config.Model.SequenceLength)
            .Batches(_config.Training.BatchSequences, Math.Max(1, _config.Training.EvaluateTokens / _config.Model.SequenceLength));
}
