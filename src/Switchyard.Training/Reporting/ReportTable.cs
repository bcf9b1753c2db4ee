using System.Globalization;
using Switchyard.Training.Reporting.Charts;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The comparison as an HTML table: sortable by its headings, the best of a column marked, the columns beyond the main ones folded away until asked for.</summary>
internal static class ReportTable
{
    public static Markup Of(CompareResult result) => Of(result, CompareColumns.Of(result));

    /// <summary>The table of other columns.</summary>
    public static Markup Of(CompareResult result, IReadOnlyList<CompareColumn> columns)
    {
        IReadOnlySet<CompareRow>[] best = [.. columns.Select(c => c.Best(result.Rows))];
        return Markup.Of($"""
            <div class="table-tools no-print"><button type="button" id="columns" aria-pressed="false" hidden>Show all {columns.Count} columns</button></div>
            <div class="scroll" role="region" aria-label="Comparison table, scrolls sideways" tabindex="0">
            <table id="compare">
            <thead>
            <tr class="groups"><td></td>{Groups(columns)}</tr>
            <tr><th scope="col" aria-sort="none"><button type="button" class="sort" data-column="0">row</button></th>{columns.Select(Head)}</tr>
            </thead>
            <tbody>
            {result.Rows.Select(r => Line(result, r, columns, best))}</tbody>
            </table>
            </div>
            <p class="hint">{(result.Rows.Count > 1 ? Markup.Of($"""<span class="best-key" aria-hidden="true">★</span> best of the column. """) : Markup.Empty)}{(result.Model.Seeds.Count > 1 ? "± standard deviation over seeds. " : string.Empty)}Load figures are of the held-out text, in inference.<span class="no-print"> Hold the pointer over a heading for what it means.</span></p>
            """);
    }

    /// <summary>A heading over each run of columns of one group; it spans the main ones when the others are folded.</summary>
    private static IEnumerable<Markup> Groups(IReadOnlyList<CompareColumn> columns)
    {
        foreach (IGrouping<string, CompareColumn> group in columns.GroupBy(c => c.Group))
        {
            int main = group.Count(c => c.Main);
            yield return Markup.Of($"""<th scope="colgroup" colspan="{group.Count()}" data-main="{main}"{(main == 0 ? new Markup(" class=\"more\"") : Markup.Empty)}>{group.Key}</th>""");
        }
    }

    private static Markup Head(CompareColumn column, int index)
    {
        Markup unit = column.Unit.Length == 0 ? Markup.Empty : Markup.Of($"""<span class="unit">{column.Unit}</span>""");
        return Markup.Of($"""<th scope="col" aria-sort="none"{More(column)} title="{column.Explanation}"><button type="button" class="sort" data-column="{index + 1}"{(column.Better == Better.Higher ? new Markup(" data-first=\"descending\"") : Markup.Empty)}>{column.Title}{unit}</button></th>""");
    }

    private static Markup Line(CompareResult result, CompareRow row, IReadOnlyList<CompareColumn> columns, IReadOnlySet<CompareRow>[] best)
    {
        bool several = result.Rows.Select(r => (r.Selector, r.CapacityFactor)).Distinct().Skip(1).Any();
        string how = row.CapacityFactor is { } factor ? FormattableString.Invariant($"{row.Selector}, capacity {factor:0.##}") : row.Selector;
        Markup under = several ? Markup.Of($"""<span class="how">{how}</span>""") : Markup.Empty;
        Markup cells = Markup.Join(columns.Select((c, i) => Cell(c, row, best[i].Contains(row))));
        return Markup.Of($"""<tr data-row="{RowStyle.Position(result, row)}"><th scope="row" data-value="{row.Name}">{RowStyle.Of(result, row).Swatch()}<span class="name" title="{row.Name}">{row.Name}</span>{under}</th>{cells}</tr>{new Markup("\n")}""");
    }

    private static Markup Cell(CompareColumn column, CompareRow row, bool best)
    {
        double value = column.Value(row);
        string sort = double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : string.Empty;
        Markup text = best ? Markup.Of($"""<span class="best">{column.Text(row)}<span class="visually-hidden"> (best)</span></span>""") : Markup.Of($"{column.Text(row)}");
        return Markup.Of($"""<td data-value="{sort}"{More(column)}>{text}</td>""");
    }

    private static Markup More(CompareColumn column) => column.Main ? Markup.Empty : new Markup(" class=\"more\"");
}
