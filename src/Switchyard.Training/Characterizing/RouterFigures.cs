using Switchyard.Metrics;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Characterizing;

/// <summary>Gathers the figures of a row.</summary>
internal static class RouterFigures
{
    /// <summary>The row of a model as it is: what it is judged by, its parameters and its latency. Where it was trained is left to <see cref="Trained"/>.</summary>
    /// <param name="name">Name of the row.</param>
    /// <param name="routing">The routing of the layers, in inference.</param>
    /// <param name="parameters">Parameters of all routers of the model.</param>
    /// <param name="judged">What the model did with the text.</param>
    /// <param name="latency">Time of the first layer's routing.</param>
    public static CharacterizeRow Row(string name, LayerRouting routing, long parameters, JudgedRouting judged, IReadOnlyList<RouterLatency> latency)
    {
        ProfileLayer worst = judged.Layers.MaxBy(l => l.Gini)!;
        return new CharacterizeRow
        {
            Name = name,
            Router = routing.Options.Routing.Router,
            Selector = routing.Options.Routing.Selector,
            Balance = routing.Options.Routing.Balancer,
            LayerRouterParameters = routing.Router.parameters().Concat(routing.Selector.parameters()).Distinct(ReferenceEqualityComparer.Instance).Cast<TorchSharp.torch.Tensor>().Sum(p => p.numel()),
            RouterParameters = parameters,
            Latency = latency,
            LossUntrained = judged.Loss,
            LossAtStart = judged.Loss,
            Loss = judged.Loss,
            Gini = judged.Layers.Average(l => l.Gini),
            GiniWorstLayer = worst.Gini,
            WorstLayer = worst.Layer,
            MinMax = judged.Layers.Average(l => l.MinMax),
            LoadEntropy = judged.Layers.Average(l => l.LoadEntropy),
            Utilisation = judged.Layers.Average(l => l.Utilisation),
            RoutingEntropy = judged.Layers.Average(l => l.RoutingEntropy),
            Sparsity = ScoreSparsity.Mean([.. judged.Sparsity]),
            AgreementAtStart = 1,
            Agreement = 1,
            SecondsPerStep = double.NaN,
            Layers = judged.Layers,
            LayerSparsity = judged.Sparsity,
        };
    }

    /// <summary>The row with what its training was.</summary>
    /// <param name="row">The row.</param>
    /// <param name="result">The replacement of routers.</param>
    /// <param name="lossUntrained">Loss with the weights that the routers were made with.</param>
    /// <param name="lossAtStart">Loss where training began.</param>
    public static CharacterizeRow Trained(CharacterizeRow row, RerouteResult result, double lossUntrained, double lossAtStart)
    {
        double stepTokens = (double)result.Config.Training.BatchSequences * result.Config.Training.AccumulationSteps * result.Config.Context;
        double[] steps = [.. result.History.Select(h => stepTokens / h.TokensPerSecond).Where(double.IsFinite).Order()];
        return row with
        {
            LossUntrained = lossUntrained,
            LossAtStart = lossAtStart,
            AgreementAtStart = result.AgreementAtStart.Average(),
            Agreement = result.Agreement.Average(),
            Steps = result.Steps,
            SecondsPerStep = steps.Length > 0 ? steps[steps.Length / 2] : double.NaN,
        };
    }
}
