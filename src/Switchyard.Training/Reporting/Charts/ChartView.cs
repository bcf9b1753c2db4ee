using System.Text.Json.Nodes;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>What a chart shows for one combination of its selectors.</summary>
/// <param name="Data">The traces, as plotly.js reads them; <c>meta</c> carries the row's style or the colour scale, which the page fills in for light and dark.</param>
/// <param name="Note">A sentence on this view, empty where the chart's own says it.</param>
internal sealed record ChartView(JsonArray Data, Markup Note = default);
