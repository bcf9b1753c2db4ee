using System.Globalization;
using System.Text;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Data as text: comma-separated, RFC 4180 quoting, line feeds. A text that a spreadsheet would take for a formula is led by an apostrophe.</summary>
internal sealed class Csv
{
    private readonly StringBuilder _text = new();

    public Csv(params IEnumerable<string> heads) => Line(heads);

    /// <summary>Adds a line of names followed by numbers.</summary>
    public void Add(IEnumerable<string> names, IEnumerable<double> numbers) => Line(names.Concat(numbers.Select(Number)));

    public override string ToString() => _text.ToString();

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("G6", CultureInfo.InvariantCulture) : string.Empty;

    private static string Quoted(string cell)
    {
        bool number = double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        string safe = !number && cell.Length > 0 && cell[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" + cell : cell;
        return safe.AsSpan().ContainsAny("\",\n\r") ? "\"" + safe.Replace("\"", "\"\"") + "\"" : safe;
    }

    private void Line(IEnumerable<string> cells) => _text.AppendJoin(',', cells.Select(Quoted)).Append('\n');
}
