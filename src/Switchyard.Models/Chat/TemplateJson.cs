using System.Globalization;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>The filter <c>tojson</c>: JSON as Python writes it, with characters beyond ASCII as they are.</summary>
internal static class TemplateJson
{
    private const int Deepest = 50;

    /// <summary>The text of a value.</summary>
    /// <param name="run">The rendering.</param>
    /// <param name="value">The value.</param>
    /// <param name="indent">Spaces of a level; null for one line.</param>
    public static string Write(TemplateRun run, object? value, int? indent)
    {
        StringBuilder text = new();
        Write(run, text, value, indent, 1);
        run.Work(text.Length);
        return text.ToString();
    }

    private static void Write(TemplateRun run, StringBuilder text, object? value, int? indent, int depth)
    {
        run.Step();
        if (depth > Deepest)
        {
            throw run.Error("a value is nested too deeply for tojson");
        }

        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case bool b:
                text.Append(b ? "true" : "false");
                break;
            case long n:
                text.Append(n.ToString(CultureInfo.InvariantCulture));
                break;
            case double x:
                text.Append(TemplateValues.Float(x));
                break;
            case string s:
                WriteString(text, s);
                break;
            case IReadOnlyDictionary<string, object?> map:
                WriteAll('{', '}', map, pair =>
                {
                    WriteString(text, pair.Key);
                    text.Append(": ");
                    Write(run, text, pair.Value, indent, depth + 1);
                });
                break;
            case IReadOnlyList<object?> list:
                WriteAll('[', ']', list, entry => Write(run, text, entry, indent, depth + 1));
                break;
            default:
                throw run.Error($"{TemplateValues.KindOf(value)} cannot be written as JSON");
        }

        void WriteAll<T>(char open, char close, IEnumerable<T> entries, Action<T> write)
        {
            text.Append(open);
            bool any = false;
            foreach (T entry in entries)
            {
                text.Append(any ? indent is null ? ", " : "," : string.Empty);
                any = true;
                Break(depth);
                write(entry);
            }

            if (any)
            {
                Break(depth - 1);
            }

            text.Append(close);
        }

        void Break(int level)
        {
            if (indent is { } spaces)
            {
                text.Append('\n').Append(' ', spaces * level);
            }
        }
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            text.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        text.Append('"');
    }
}
