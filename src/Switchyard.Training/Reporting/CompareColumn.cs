using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>A column of the comparison, for the terminal and the report alike.</summary>
/// <param name="Key">Name of the figure in JSON, and of its deviation.</param>
/// <param name="Title">Heading.</param>
/// <param name="Unit">Unit, empty for a pure number.</param>
/// <param name="Group">What the column is about.</param>
/// <param name="Better">Which end is good.</param>
/// <param name="Explanation">What the figure is, in a sentence.</param>
/// <param name="Value">The figure of a row.</param>
/// <param name="Format">The figure as text.</param>
internal sealed record CompareColumn(
    string Key,
    string Title,
    string Unit,
    string Group,
    Better Better,
    string Explanation,
    Func<CompareRow, double> Value,
    Func<double, string> Format)
{
    /// <summary>Shown when there is no room for all.</summary>
    public bool Main { get; init; }

    /// <summary>The order in which columns are given room in a terminal, least first.</summary>
    public int Priority { get; init; } = 100;

    /// <summary>A shorter heading for the terminal.</summary>
    public string? Short { get; init; }

    /// <summary>The figure with its deviation over seeds, where there is one.</summary>
    public string Text(CompareRow row)
    {
        string text = Format(Value(row));
        return row.Deviation.TryGetValue(Key, out double deviation) && double.IsFinite(deviation) && double.IsFinite(Value(row))
            ? $"{text} ± {AsPrecise(deviation, text)}"
            : text;
    }

    /// <summary>A deviation with as many decimals as the figure it belongs to; in the column's own form where that one is not plain decimals.</summary>
    private string AsPrecise(double deviation, string text) =>
        text.All(c => char.IsAsciiDigit(c) || c is '.' or '−') ? Figures.Fixed(deviation, text.Contains('.', StringComparison.Ordinal) ? text.Length - text.IndexOf('.', StringComparison.Ordinal) - 1 : 0) : Format(deviation);

    /// <summary>The rows with the best figure, ties as printed; none where all rows read the same. For loss and load, rows that are apart (<see cref="RowCaveats"/>) do not compete.</summary>
    public IReadOnlySet<CompareRow> Best(IReadOnlyList<CompareRow> rows)
    {
        CompareRow[] known = [.. rows.Where(r => double.IsFinite(Value(r)) && (Group == "Cost" || RowCaveats.Of(r) is null))];
        if (Better == Better.Neither || known.Length < 2)
        {
            return new HashSet<CompareRow>(ReferenceEqualityComparer.Instance);
        }

        string best = Format(Better == Better.Lower ? known.Min(Value) : known.Max(Value));
        CompareRow[] winners = [.. known.Where(r => Format(Value(r)) == best)];
        return new HashSet<CompareRow>(winners.Length == known.Length ? [] : winners, ReferenceEqualityComparer.Instance);
    }
}
