using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>How values are written.</summary>
/// <param name="None">The value none.</param>
/// <param name="True">The value true.</param>
/// <param name="False">The value false.</param>
/// <param name="NotANumber">A number that is none.</param>
/// <param name="Infinity">A number without end.</param>
/// <param name="Quoted">A string.</param>
internal sealed record TemplateNotation(string None, string True, string False, string NotANumber, string Infinity, Func<string, string> Quoted)
{
    /// <summary>As Python writes values in a list.</summary>
    public static TemplateNotation Python { get; } = new("None", "True", "False", "nan", "inf", QuotedAsInPython);

    /// <summary>JSON as Python's <c>json.dumps</c> writes it.</summary>
    public static TemplateNotation Json { get; } = new("null", "true", "false", "NaN", "Infinity", s => QuotedAsJson(s, ascii: false));

    /// <summary>What stands between entries.</summary>
    public string BetweenEntries { get; init; } = ", ";

    /// <summary>What stands between a key and its value.</summary>
    public string AfterKey { get; init; } = ": ";

    /// <summary>Spaces of a level; null for one line.</summary>
    public int? Indent { get; init; }

    /// <summary>Whether mappings are written by their keys' order.</summary>
    public bool SortedKeys { get; init; }

    /// <summary>The same with characters beyond ASCII escaped.</summary>
    public TemplateNotation Ascii() => this with { Quoted = s => QuotedAsJson(s, ascii: true) };

    private static string QuotedAsInPython(string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        return Quote(text, quote, c => c switch
        {
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ when c == quote => $"\\{c}",
            < ' ' or (>= '\u007f' and <= '\u00a0') or '\u00ad' => $"\\x{(int)c:x2}",
            _ => null,
        });
    }

    private static string QuotedAsJson(string text, bool ascii) => Quote(text, '"', c => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' => $"\\u{(int)c:x4}",
        > '\u007f' when ascii => $"\\u{(int)c:x4}",
        _ => null,
    });

    private static string Quote(string text, char quote, Func<char, string?> escape)
    {
        StringBuilder quoted = new StringBuilder(text.Length + 2).Append(quote);
        foreach (char c in text)
        {
            _ = escape(c) is { } escaped ? quoted.Append(escaped) : quoted.Append(c);
        }

        return quoted.Append(quote).ToString();
    }
}
