namespace Switchyard.Metrics;

/// <summary>A routing metric of one layer: a single figure with its name, unit and direction.</summary>
/// <param name="Name">The camelCase name used in code and JSON.</param>
/// <param name="Summary">One sentence for tables, <c>--help</c> and the documentation.</param>
/// <param name="Unit">The unit, such as <c>nats</c>; empty for a pure number.</param>
/// <param name="Better">Which way it is better.</param>
/// <param name="Value">The figure of a layer, null where it was not recorded.</param>
public sealed record MetricEntry(string Name, string Summary, string Unit, MetricDirection Better, Func<LayerStatistics, double?> Value) : ICatalogEntry
{
    /// <summary>A model's figure: the mean over its MoE layers, of those that have it; null where none has.</summary>
    public double? Mean(IEnumerable<LayerStatistics> layers) => layers.Select(Value).Average();

    /// <summary>The worst layer's figure (the largest where lower is better or neither is); null where none has it.</summary>
    public double? Worst(IEnumerable<LayerStatistics> layers) =>
        Better == MetricDirection.Higher ? layers.Select(Value).Min() : layers.Select(Value).Max();
}
