namespace Switchyard.Training.Reporting.Charts;

/// <summary>A choice of what a chart shows.</summary>
/// <param name="Label">What is chosen.</param>
/// <param name="Options">The choices.</param>
internal sealed record ChartSelector(string Label, IReadOnlyList<string> Options);
