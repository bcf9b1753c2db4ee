namespace Switchyard.Training.Results;

/// <summary>A metric of a whole model.</summary>
/// <param name="Name">Name in the catalog of metrics.</param>
/// <param name="Unit">Unit, empty for a pure number.</param>
/// <param name="Mean">Mean over the MoE layers.</param>
/// <param name="Worst">Of the worst layer.</param>
/// <param name="WorstLayer">Index of that layer in the model.</param>
public sealed record MetricFigure(string Name, string Unit, double Mean, double Worst, int WorstLayer);
