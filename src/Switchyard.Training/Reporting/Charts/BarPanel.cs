namespace Switchyard.Training.Reporting.Charts;

/// <summary>One of several bar charts side by side.</summary>
/// <param name="Name">What is drawn.</param>
/// <param name="Axis">Title of its axis, with the unit.</param>
/// <param name="Values">A bar each.</param>
/// <param name="Text">What stands at the end of a bar.</param>
/// <param name="Hover">What plotly.js says of a bar.</param>
internal sealed record BarPanel(string Name, string Axis, IReadOnlyList<double> Values, Func<double, string> Text, string Hover);
