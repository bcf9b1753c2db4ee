using System.Globalization;
using System.Text;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The comparison as plain text for a terminal: one line a row, right-aligned numbers, as many columns as fit, the best of a column marked with a star.</summary>
public static class CompareTable
{
    /// <summary>The narrowest width that is laid out for; less is treated as this.</summary>
    public const int MinimumWidth = 40;

    private const int NameLimit = 32;
    private const string Gap = "  ";

    /// <summary>Renders the table, ending in a line feed.</summary>
    /// <param name="result">The comparison.</param>
    /// <param name="width">Characters of a line, at least <see cref="MinimumWidth"/>.</param>
    /// <param name="unicode">Whether ±, Δ, µ and a true minus may be used; otherwise ASCII.</param>
    public static string Render(CompareResult result, int width = 120, bool unicode = true) => Render(result, CompareColumns.Of(result), width, unicode);

    /// <summary>Renders the table of other columns.</summary>
    internal static string Render(CompareResult result, IReadOnlyList<CompareColumn> all, int width, bool unicode = true)
    {
        width = Math.Max(width, MinimumWidth);
        Func<string, string> write = unicode ? text => text : Ascii;
        char rule = unicode ? '─' : '-';
        IReadOnlyList<CompareRow> rows = result.Rows;
        int nameWidth = Math.Min(NameLimit, Math.Max(3, rows.Select(r => Printable(r.Name).Length).DefaultIfEmpty(0).Max()));
        List<TextColumn> columns = Fit([.. all.Select(c => new TextColumn(c, rows, write))], width - nameWidth);

        StringBuilder text = new();
        AppendLine(text, "row".PadRight(nameWidth), columns.Select(c => c.Head));
        AppendLine(text, new string(' ', nameWidth), columns.Select(c => c.Unit));
        AppendLine(text, new string(rule, nameWidth), columns.Select(c => new string(rule, c.Width)));
        for (int r = 0; r < rows.Count; r++)
        {
            int row = r;
            AppendLine(text, Cut(Printable(rows[r].Name), nameWidth, unicode ? '…' : '~').PadRight(nameWidth), columns.Select(c => c.Cells[row]));
        }

        if (columns.Exists(c => c.HasBest))
        {
            text.Append("* best of the column").Append('\n');
        }

        foreach (string remark in rows.SelectMany(r => Remarks(r, Math.Max(1, result.Model.Seeds.Count))))
        {
            text.Append(TextTable.Wrap(remark, string.Empty, width));
        }

        return text.ToString();
    }

    /// <summary>The columns of least priority number that fit together, in their reading order; those that say the same of every row come last.</summary>
    private static List<TextColumn> Fit(IReadOnlyList<TextColumn> columns, int width)
    {
        HashSet<TextColumn> chosen = [];
        foreach (TextColumn column in columns.OrderBy(c => c.Column.Priority + (c.Constant ? 100 : 0)))
        {
            if (column.Width + Gap.Length > width)
            {
                break;
            }

            width -= column.Width + Gap.Length;
            chosen.Add(column);
        }

        return [.. columns.Where(chosen.Contains)];
    }

    /// <summary>What is said of a row beneath the table.</summary>
    private static IEnumerable<string> Remarks(CompareRow row, int seeds)
    {
        if (RowCaveats.Of(row) is { } caveat)
        {
            yield return $"{Printable(row.Name)} {caveat}";
        }

        if (row.SkippedSteps > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{Printable(row.Name)} skipped {row.SkippedSteps} of {(long)row.Steps * seeds} steps, whose loss or gradient was not finite");
        }
    }

    private static void AppendLine(StringBuilder text, string name, IEnumerable<string> cells) =>
        text.Append(string.Concat(cells.Prepend(name).Select((cell, i) => i == 0 ? cell : Gap + cell)).TrimEnd()).Append('\n');

    private static string Cut(string name, int width, char end) => name.Length <= width ? name : name[..(width - 1)] + end;

    private static string Printable(string name) => TextTable.Printable(name, int.MaxValue);

    private static string Ascii(string text) =>
        text.Replace("±", "+-").Replace('−', '-').Replace('–', '-').Replace('Δ', 'd').Replace('µ', 'u').Replace('÷', '/');

    /// <summary>A column with its cells laid out: numbers right-aligned, a star or a space behind each.</summary>
    private sealed class TextColumn
    {
        public TextColumn(CompareColumn column, IReadOnlyList<CompareRow> rows, Func<string, string> write)
        {
            Column = column;
            IReadOnlySet<CompareRow> best = column.Best(rows);
            HasBest = best.Count > 0;
            string[] cells = [.. rows.Select(r => write(column.Text(r)) + (best.Contains(r) ? "*" : " "))];
            string head = write(column.Short ?? column.Title) + " ";
            string unit = write(column.Unit) + " ";
            Constant = rows.Count > 1 && cells.Distinct().Count() == 1;
            Width = cells.Append(head).Append(unit).Max(c => c.Length);
            Cells = [.. cells.Select(c => c.PadLeft(Width))];
            Head = head.PadLeft(Width);
            Unit = unit.PadLeft(Width);
        }

        public CompareColumn Column { get; }

        public IReadOnlyList<string> Cells { get; }

        public string Head { get; }

        public string Unit { get; }

        public int Width { get; }

        public bool HasBest { get; }

        public bool Constant { get; }
    }
}
