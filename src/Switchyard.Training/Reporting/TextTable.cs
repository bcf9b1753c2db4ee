using System.Text;

namespace Switchyard.Training.Reporting;

/// <summary>A table of plain text: the first column to the left, the others to the right, as wide as their cells.</summary>
internal static class TextTable
{
    private const string Gap = "  ";

    /// <summary>Renders heads, a rule and the rows, each line ending in a line feed. Columns that do not fit the width are left out from the right.</summary>
    public static string Render(IReadOnlyList<string> heads, IReadOnlyList<IReadOnlyList<string>> rows, int width)
    {
        int[] widths = [.. heads.Select((h, c) => rows.Select(r => r[c].Length).Append(h.Length).Max())];
        int shown = 1;
        for (int used = widths[0]; shown < widths.Length && used + Gap.Length + widths[shown] <= width; shown++)
        {
            used += Gap.Length + widths[shown];
        }

        StringBuilder text = new();
        Append(heads);
        Append([.. widths.Select(w => new string('─', w))]);
        foreach (IReadOnlyList<string> row in rows)
        {
            Append(row);
        }

        return text.ToString();

        void Append(IReadOnlyList<string> cells) =>
            text.Append(string.Join(Gap, cells.Take(shown).Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd()).Append('\n');
    }

    /// <summary>Names come out of files: a control character in one must not reach the terminal.</summary>
    public static string Printable(string name, int most = 32)
    {
        string safe = string.Concat(name.Select(c => char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format ? '?' : c));
        return safe.Length <= most ? safe : safe[..(most - 1)] + "…";
    }

    /// <summary>Words in lines of a width, the first led by <paramref name="lead"/>, the others as far in.</summary>
    public static string Wrap(string sentence, string lead, int width)
    {
        StringBuilder text = new(lead);
        int column = lead.Length;
        foreach (string word in sentence.Split(' '))
        {
            if (column > lead.Length && column + 1 + word.Length > width)
            {
                text.Append('\n').Append(' ', lead.Length);
                column = lead.Length;
            }

            if (column > lead.Length)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }

        return text.Append('\n').ToString();
    }
}
