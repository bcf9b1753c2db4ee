using Switchyard.Training.Reporting.Charts;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>A line of the charts' legend; its place in the list of entries is its number in the traces' <c>meta.row</c>.</summary>
/// <param name="Name">What the line stands for.</param>
/// <param name="Style">How it is drawn.</param>
internal sealed record LegendEntry(string Name, RowStyle Style)
{
    /// <summary>The rows of a comparison.</summary>
    public static IReadOnlyList<LegendEntry> Of(CompareResult result) => [.. result.Rows.Select(r => new LegendEntry(r.Name, RowStyle.Of(result, r)))];
}
