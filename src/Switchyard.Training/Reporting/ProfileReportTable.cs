using System.Globalization;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The layers of one or two profiles as an HTML table: sortable by its headings, the columns beyond the main ones folded away until asked for.</summary>
internal static class ProfileReportTable
{
    private const int MainColumns = 10;

    public static Markup Of(IReadOnlyList<ProfileResult> profiles)
    {
        IReadOnlyList<ProfileColumn> columns = ProfileColumn.All;
        IEnumerable<(ProfileResult Profile, ProfileLayer Layer, int Index)> lines = profiles
            .SelectMany((p, i) => p.Layers.Select(l => (p, l, i)))
            .OrderBy(l => l.l.Layer).ThenBy(l => l.i);
        return Markup.Of($"""
            <div class="table-tools no-print"><button type="button" id="columns" aria-pressed="false" hidden>Show all {columns.Count + 1} columns</button></div>
            <div class="scroll" role="region" aria-label="Table of layers, scrolls sideways" tabindex="0">
            <table id="compare">
            <thead>
            <tr><th scope="col" aria-sort="none"><button type="button" class="sort" data-column="0">layer</button></th><th scope="col" aria-sort="none" title="How well the layer uses its experts."><button type="button" class="sort" data-column="1" data-first="descending">health</button></th>{columns.Select(Head)}</tr>
            </thead>
            <tbody>
            {lines.Select(l => Line(l.Profile, l.Layer, profiles.Count == 1 ? null : l.Index == 0 ? profiles[0].Model.Name : ProfileTable.Names(profiles[0], l.Profile).Second))}</tbody>
            </table>
            </div>
            <p class="hint">×2, ×4, ×8: time of expert work on so many devices over that of an even load.<span class="no-print"> Hold the pointer over a heading for what it means.</span></p>
            """);
    }

    private static Markup Head(ProfileColumn column, int index) =>
        Markup.Of($"""<th scope="col" aria-sort="none"{More(index)} title="{column.Explanation}"><button type="button" class="sort" data-column="{index + 2}">{column.Title}</button></th>""");

    private static Markup Line(ProfileResult profile, ProfileLayer layer, string? of)
    {
        LayerHealth health = profile.Diagnosis.Layers.FirstOrDefault(d => d.Layer == layer.Layer)?.Health ?? LayerHealth.Healthy;
        Markup name = of is null ? Markup.Empty : Markup.Of($" <span class=\"unit\">{of}</span>");
        string key = FormattableString.Invariant($"{layer.Layer:D5} {of}");
        return Markup.Of($"""<tr><th scope="row" data-value="{key}"><span class="name">layer {layer.Layer}</span>{name}</th><td data-value="{(int)health}"><span class="health {health.ToString().ToLowerInvariant()}">{health.ToString().ToLowerInvariant()}</span></td>{ProfileColumn.All.Select((c, i) => Cell(c, layer, i))}</tr>{new Markup("\n")}""");
    }

    private static Markup Cell(ProfileColumn column, ProfileLayer layer, int index)
    {
        double value = column.Value(layer);
        string sort = double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : string.Empty;
        return Markup.Of($"""<td data-value="{sort}"{More(index)}>{column.Text(layer)}</td>""");
    }

    private static Markup More(int index) => index < MainColumns ? Markup.Empty : new Markup(" class=\"more\"");
}
