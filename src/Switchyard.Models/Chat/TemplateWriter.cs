using System.Globalization;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>Writes a value in a notation.</summary>
/// <param name="run">The rendering.</param>
/// <param name="notation">How it is written.</param>
internal sealed class TemplateWriter(TemplateRun run, TemplateNotation notation)
{
    private const int DeepestNesting = 50;
    private readonly StringBuilder _text = new();
    private int _depth;

    /// <summary>A value's text.</summary>
    public static string Write(TemplateRun run, object? value, TemplateNotation notation)
    {
        TemplateWriter writer = new(run, notation);
        writer.Write(value);
        return writer._text.ToString();
    }

    private void Write(object? value)
    {
        run.Step();
        switch (value)
        {
            case IReadOnlyDictionary<string, object?> map:
                IEnumerable<KeyValuePair<string, object?>> pairs = notation.SortedKeys ? map.OrderBy(p => p.Key, StringComparer.Ordinal) : map;
                WriteAll('{', '}', pairs, pair =>
                {
                    Add(notation.Quoted(pair.Key));
                    Add(notation.AfterKey);
                    Write(pair.Value);
                });
                break;
            case IReadOnlyList<object?> list:
                WriteAll('[', ']', list, Write);
                break;
            default:
                Add(value switch
                {
                    null => notation.None,
                    bool b => b ? notation.True : notation.False,
                    long n => n.ToString(CultureInfo.InvariantCulture),
                    double x => Number(x),
                    string s => notation.Quoted(s),
                    _ => throw run.Error($"{TemplateValues.KindOf(value)} cannot be written"),
                });
                break;
        }
    }

    private void WriteAll<T>(char open, char close, IEnumerable<T> entries, Action<T> write)
    {
        if (++_depth > DeepestNesting)
        {
            throw run.Error($"a value of more than {DeepestNesting} levels is written");
        }

        _text.Append(open);
        bool any = false;
        foreach (T entry in entries)
        {
            Add(any ? notation.BetweenEntries : string.Empty);
            any = true;
            Break();
            write(entry);
        }

        _depth--;
        if (any)
        {
            Break();
        }

        _text.Append(close);
    }

    private void Break()
    {
        if (notation.Indent is { } spaces)
        {
            Add("\n" + new string(' ', spaces * _depth));
        }
    }

    private void Add(string text) => run.Append(_text, text);

    /// <summary>A number with a decimal point, or with a power of ten.</summary>
    private string Number(double x)
    {
        if (double.IsNaN(x))
        {
            return notation.NotANumber;
        }

        if (double.IsInfinity(x))
        {
            return (x < 0 ? "-" : string.Empty) + notation.Infinity;
        }

        string text = x.ToString(CultureInfo.InvariantCulture);
        return text.All(c => char.IsAsciiDigit(c) || c == '-') ? text + ".0" : text.Replace('E', 'e');
    }
}
