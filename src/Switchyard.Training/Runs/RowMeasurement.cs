using Switchyard.Metrics;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Runs;

/// <summary>Makes a row of figures of a trained model.</summary>
internal static class RowMeasurement
{
    /// <summary>A recorder of everything that a row tells.</summary>
    public static LoadRecorder NewRecorder(int domains) => new(new LoadRecorderOptions { Domains = domains });

    public static CompareRow Row(Trainer trainer, Evaluation evaluation, IReadOnlyList<HistoryPoint> history, CorpusInfo corpus, double seconds)
    {
        IReadOnlyList<LayerStatistics> layers = evaluation.Routing!.Statistics();
        int tail = Math.Max(1, history.Count / 10);
        return new CompareRow
        {
            Name = trainer.Routing.Name,
            Router = trainer.Routing.Router,
            Selector = trainer.Routing.Selector,
            Balance = trainer.Routing.Balancer,
            CapacityFactor = trainer.Config.Capacity is "none" ? null : trainer.Config.CapacityFactor,
            RouterParameters = trainer.Model.RouterParameters,
            TotalParameters = trainer.Model.TotalParameters,
            ActiveParameters = trainer.Model.ActiveParameters,
            Steps = trainer.StepsDone,
            Tokens = (long)trainer.StepsDone * trainer.StepTokens,
            SkippedSteps = trainer.SkippedSteps,
            TrainLoss = history.TakeLast(tail).Average(p => p.Loss),
            TestLoss = evaluation.Loss,
            TestLossPerByte = evaluation.LossPerByte,
            Perplexity = Math.Exp(evaluation.Loss),
            Gini = layers.Average(l => l.Balance.Gini),
            GiniWorstLayer = layers.Max(l => l.Balance.Gini),
            GiniPerBatch = layers.Average(l => l.GiniPerBatch ?? double.NaN),
            MinMax = layers.Average(l => l.Balance.MinMax),
            Cv = layers.Average(l => l.Balance.Cv),
            MaxVio = layers.Average(l => l.Balance.MaxVio),
            LoadEntropy = layers.Average(l => l.Balance.LoadEntropy),
            RoutingEntropy = layers.Average(l => l.RoutingEntropy ?? double.NaN),
            Utilisation = layers.Average(l => l.Balance.Utilisation),
            DropRate = layers.Average(l => l.DropRate),
            Specialisation = layers.Average(l => l.Specialisation?.Normalised ?? double.NaN),
            TokensPerSecond = MedianSpeed(history),
            RouterMicrosecondsPerToken = RouterCost.MicrosecondsPerToken(trainer.Model),
            Seconds = seconds,
            Layers = [.. layers.Select(l => Layer(l, corpus))],
            CoActivation = trainer.Config.Model.TopK > 1 ? ProfileFigures.CoActivation(layers.MaxBy(l => l.Balance.Gini)!) : null,
            History = history,
        };
    }

    private static LayerResult Layer(LayerStatistics layer, CorpusInfo corpus) => new()
    {
        Layer = layer.Layer,
        Load = layer.Load,
        SoftLoad = layer.SoftLoad ?? [],
        DomainLoad = layer.DomainLoad ?? [.. corpus.Domains.Select(_ => (IReadOnlyList<long>)[])],
        Gini = layer.Balance.Gini,
        MinMax = layer.Balance.MinMax,
        Cv = layer.Balance.Cv,
        MaxVio = layer.Balance.MaxVio,
        LoadEntropy = layer.Balance.LoadEntropy,
        RoutingEntropy = layer.RoutingEntropy ?? double.NaN,
        Utilisation = layer.Balance.Utilisation,
        SoftGini = layer.SoftGini ?? double.NaN,
        SpecialisationNats = layer.Specialisation?.Nats ?? double.NaN,
        Specialisation = layer.Specialisation?.Normalised ?? double.NaN,
        Margin = layer.Margin ?? double.NaN,
    };

    private static double MedianSpeed(IReadOnlyList<HistoryPoint> history)
    {
        double[] speeds = [.. history.Select(p => p.TokensPerSecond).Order()];
        return speeds[speeds.Length / 2];
    }
}
