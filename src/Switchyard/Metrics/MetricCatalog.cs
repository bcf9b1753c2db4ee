namespace Switchyard.Metrics;

/// <summary>The one place where the figures of a layer are registered, under their names in JSON.</summary>
public static class MetricCatalog
{
    /// <summary>All figures of a layer that a <see cref="LoadRecorder"/> gives, in the order in which a table shows them.</summary>
    public static Catalog<MetricEntry> All { get; } = new("metric")
    {
        new MetricEntry("gini", "Gini coefficient of the load", "", MetricDirection.Lower, l => l.Balance.Gini),
        new MetricEntry("giniPerBatch", "mean over batches of the batch's own Gini", "", MetricDirection.Lower, l => l.GiniPerBatch),
        new MetricEntry("minMax", "least over most used expert", "", MetricDirection.Higher, l => l.Balance.MinMax),
        new MetricEntry("minMaxPerBatch", "mean over batches of the batch's own min-max ratio", "", MetricDirection.Higher, l => l.MinMaxPerBatch),
        new MetricEntry("cv", "coefficient of variation of the load", "", MetricDirection.Lower, l => l.Balance.Cv),
        new MetricEntry("maxVio", "most used expert over the mean, minus 1", "", MetricDirection.Lower, l => l.Balance.MaxVio),
        new MetricEntry("loadEntropy", "entropy of the load over that of an even one", "", MetricDirection.Higher, l => l.Balance.LoadEntropy),
        new MetricEntry("utilisation", "share of experts used at all", "", MetricDirection.Higher, l => l.Balance.Utilisation),
        new MetricEntry("imbalanceCost", "busiest device over the mean of devices", "", MetricDirection.Lower, l => l.Balance.ImbalanceCost),
        new MetricEntry("softGini", "Gini coefficient of the sums of combine weights", "", MetricDirection.Lower, l => l.SoftGini),
        new MetricEntry("dropRate", "dropped pairs over pairs", "", MetricDirection.Lower, l => l.DropRate),
        new MetricEntry("routingEntropy", "mean entropy of a token's softmax over experts", "nats", MetricDirection.None, l => l.RoutingEntropy),
        new MetricEntry("routingEntropyNormalised", "routing entropy over ln E", "", MetricDirection.None, l => l.RoutingEntropyNormalised),
        new MetricEntry("margin", "mean gap between the k-th and the k+1-th score", "logits", MetricDirection.None, l => l.Margin),
        new MetricEntry("specialisationNats", "mutual information of domain and expert", "nats", MetricDirection.Higher, l => l.Specialisation?.Nats),
        new MetricEntry("specialisation", "mutual information of domain and expert over the entropy of the domain", "", MetricDirection.Higher, l => l.Specialisation?.Normalised),
    };
}
