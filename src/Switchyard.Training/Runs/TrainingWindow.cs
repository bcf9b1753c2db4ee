using System.Diagnostics;
using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Training.Results;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Runs;

/// <summary>What happened since the last logged step.</summary>
internal sealed class TrainingWindow
{
    private readonly int[] _layers;
    private readonly int _experts;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TermSums _auxiliary = new();
    private StepResult _last;
    private double _loss;
    private int _steps;
    private long _tokens;
    private long _drops;
    private double _secondsBefore;
    private IReadOnlyList<IReadOnlyList<long>>? _loadsBefore;

    /// <summary>Begins a window, or goes on with one that a checkpoint kept.</summary>
    public TrainingWindow(MoeTransformer model, int experts, TrainingWindowState? begun = null)
    {
        _layers = [.. model.MoeLayers.Select(l => l.Options.Layer)];
        _experts = experts;
        if (begun?.Loads is { } loads && loads.Count == _layers.Length && loads.All(l => l.Count == experts))
        {
            (_steps, _loss, _tokens, _drops) = (begun.Steps, begun.Loss, begun.Tokens, begun.Drops);
            _auxiliary.Add(begun.AuxiliaryTerms);
            (_secondsBefore, _loadsBefore) = (begun.Seconds, loads);
        }
    }

    /// <summary>Listens to the steps of the window: loads alone.</summary>
    public LoadRecorder Recorder { get; } = new(LoadRecorderOptions.LoadOnly);

    /// <summary>Speed within the window, or of the last one where it has just begun.</summary>
    public double TokensPerSecond { get; private set; }

    /// <summary>The window so far; null where it has just begun.</summary>
    public TrainingWindowState? State => _steps == 0 ? null : new TrainingWindowState(_steps, _loss, _auxiliary.Times(1), _tokens, Seconds, _drops, Loads());

    private double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

    public void Add(StepResult step, int tokens)
    {
        _last = step;
        _steps++;
        _tokens += tokens;
        _loss += step.Loss;
        _auxiliary.Add(step.AuxiliaryTerms);
        _drops += step.Drops;
        TokensPerSecond = _tokens / Math.Max(1e-9, Seconds);
    }

    /// <summary>The logged point; a new window begins.</summary>
    public HistoryPoint Close(int step, long tokens, double? testLoss)
    {
        long[][] loads = Loads();
        IReadOnlyDictionary<string, double> auxiliary = _auxiliary.Times(1.0 / _steps);
        HistoryPoint point = new()
        {
            Step = step,
            Tokens = tokens,
            Loss = _loss / _steps,
            AuxiliaryLoss = auxiliary.Values.Sum(),
            AuxiliaryTerms = auxiliary,
            LearningRate = _last.LearningRate,
            GradientNorm = _last.GradientNorm,
            TokensPerSecond = TokensPerSecond,
            TestLoss = testLoss,
            Gini = [.. loads.Select(l => LoadMetrics.Gini(l))],
            MinMax = [.. loads.Select(l => LoadMetrics.MinMax(l))],
            Drops = _drops,
            Load = [.. loads.Select(Shares)],
        };
        Recorder.Clear();
        _loss = 0;
        _auxiliary.Clear();
        _steps = 0;
        _tokens = _drops = 0;
        _secondsBefore = 0;
        _loadsBefore = null;
        _clock.Restart();
        return point;
    }

    private long[][] Loads()
    {
        long[][] loads = [.. _layers.Select(l => Recorder.Load(l).ToArray())];
        return _loadsBefore is null ? loads : [.. _loadsBefore.Zip(loads, (before, now) => now is [] ? [.. before] : before.Zip(now, (a, b) => a + b).ToArray())];
    }

    private double[] Shares(long[] load)
    {
        double total = load.Sum();
        double[] shares = new double[_experts];
        for (int e = 0; e < load.Length; e++)
        {
            shares[e] = total > 0 ? Math.Round(load[e] / total, 6) : 0;
        }

        return shares;
    }
}
