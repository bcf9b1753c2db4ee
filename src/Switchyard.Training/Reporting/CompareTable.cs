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
    public static string Render(CompareResult result, int width = 120, bool unicode = true)
    {
        width = Math.Max(width, MinimumWidth);
        IReadOnlyList<CompareRow> rows = result.Rows;
        int nameWidth = Math.Min(NameLimit, Math.Max(3, rows.Select(r => Printable(r.Name).Length).DefaultIfEmpty(0).Max()));
        List<TextColumn> columns = Fit([.. CompareColumns.Of(result).Select(c => new TextColumn(c, rows))], width - nameWidth);

        StringBuilder text = new();
        AppendLine(text, "row".PadRight(nameWidth), columns.Select(c => c.Head));
        AppendLine(text, new string(' ', nameWidth), columns.Select(c => c.Unit));
        AppendLine(text, new string('─', nameWidth), columns.Select(c => new string('─', c.Width)));
        for (int r = 0; r < rows.Count; r++)
        {
            int row = r;
            AppendLine(text, Cut(Printable(rows[r].Name), nameWidth).PadRight(nameWidth), columns.Select(c => c.Cells[row]));
        }

        if (columns.Exists(c => c.HasBest))
        {
            text.Append("* best of the column").Append('\n');
        }

        return unicode ? text.ToString() : Ascii(text.ToString());
    }

    /// <summary>The columns of least priority number that fit together, in their reading order.</summary>
    private static List<TextColumn> Fit(IReadOnlyList<TextColumn> columns, int width)
    {
        HashSet<TextColumn> chosen = [];
        foreach (TextColumn column in columns.OrderBy(c => c.Column.Priority))
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

    private static void AppendLine(StringBuilder text, string name, IEnumerable<string> cells) =>
        text.Append(string.Concat(cells.Prepend(name).Select((cell, i) => i == 0 ? cell : Gap + cell)).TrimEnd()).Append('\n');

    private static string Cut(string name, int width) => name.Length <= width ? name : string.Concat(name.AsSpan(0, width - 1), "…");

    /// <summary>Names come out of files: a control character in one must not reach the terminal.</summary>
    private static string Printable(string name) => string.Concat(name.Select(c => char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format ? '?' : c));

    private static string Ascii(string text) =>
        text.Replace("±", "+-").Replace('−', '-').Replace('–', '-').Replace('Δ', 'd').Replace('µ', 'u').Replace('÷', '/').Replace('─', '-').Replace('…', '~').Replace('×', 'x');

    /// <summary>A column with its cells laid out: numbers right-aligned, a star or a space behind each.</summary>
    private sealed class TextColumn
    {
        public TextColumn(CompareColumn column, IReadOnlyList<CompareRow> rows)
        {
            Column = column;
            IReadOnlySet<CompareRow> best = column.Best(rows);
            HasBest = best.Count > 0;
            string[] cells = [.. rows.Select(r => column.Text(r) + (best.Contains(r) ? "*" : " "))];
            Width = cells.Append(column.Title + " ").Append(column.Unit + " ").Max(c => c.Length);
            Cells = [.. cells.Select(c => c.PadLeft(Width))];
            Head = (column.Title + " ").PadLeft(Width);
            Unit = (column.Unit + " ").PadLeft(Width);
        }

        public CompareColumn Column { get; }

        public IReadOnlyList<string> Cells { get; }

        public string Head { get; }

        public string Unit { get; }

        public int Width { get; }

        public bool HasBest { get; }
    }
}
