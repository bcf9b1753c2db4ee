using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>A column of the table of layers, for the terminal and the report alike.</summary>
/// <param name="Title">Heading.</param>
/// <param name="Explanation">What the figure is, in a sentence.</param>
/// <param name="Value">The figure of a layer.</param>
/// <param name="Format">The figure as text.</param>
internal sealed record ProfileColumn(string Title, string Explanation, Func<ProfileLayer, double> Value, Func<double, string> Format)
{
    /// <summary>The columns in the order they are read, the most telling first.</summary>
    public static IReadOnlyList<ProfileColumn> All { get; } =
    [
        new("Gini", "Gini coefficient of the load: 0 is even, 1 is one expert for all.", l => l.Gini, Figures.Ratio),
        new("min÷max", "Load of the least used expert over that of the most used.", l => l.MinMax, Figures.Ratio),
        new("used", "Share of the experts that are used at all.", l => l.Utilisation, Figures.Percent),
        new("MaxVio", "Load of the busiest expert over the mean, less 1.", l => l.MaxVio, Figures.Ratio),
        new("×2", "Time of expert work on 2 devices over that of an even load, experts as they are numbered.", l => Cost(l, 0), Cost),
        new("×4", "The same on 4 devices.", l => Cost(l, 1), Cost),
        new("×8", "The same on 8 devices.", l => Cost(l, 2), Cost),
        new("entropy", "Mean entropy of a token's softmax over the experts, over ln E: how undecided the router is.", l => l.RoutingEntropyNormalised, Figures.Ratio),
        new("margin", "Mean gap between the k-th and the k+1-th score.", l => l.Margin, v => Figures.Fixed(v, 3)),
        new("special.", "Mutual information of domain and expert over the entropy of the domain.", l => l.Specialisation, Figures.Ratio),
        new("locality", "Share of a token's experts that the token before it used as well.", l => l.Order?.Locality.Share ?? double.NaN, Figures.Percent),
        new("Gini/window", "Mean over windows of the window's own Gini: what a machine waits for.", l => l.GiniPerBatch, Figures.Ratio),
        new("CV", "Coefficient of variation of the load: deviation over mean.", l => l.Cv, Figures.Ratio),
        new("load entropy", "Entropy of the load over ln E: 1 is even.", l => l.LoadEntropy, Figures.Ratio),
        new("soft Gini", "Gini coefficient of the sums of combine weights.", l => l.SoftGini, Figures.Ratio),
        new("dropped", "Dropped pairs over pairs.", l => l.DropRate, Figures.Percent),
    ];

    /// <summary>The figure of a layer as text.</summary>
    public string Text(ProfileLayer layer) => Format(Value(layer));

    private static double Cost(ProfileLayer layer, int i) => i < layer.ImbalanceCost.Count ? layer.ImbalanceCost[i].Cost : double.NaN;

    private static string Cost(double value) => Figures.Fixed(value, 2);
}
