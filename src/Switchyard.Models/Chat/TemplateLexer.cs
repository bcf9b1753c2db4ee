using System.Globalization;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>Cuts a template into tokens. White space as chat templates are rendered elsewhere: a block or comment takes the line break after it and the indentation before it; <c>-</c> takes all white space, <c>+</c> leaves it.</summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators = ["**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|"];
    private readonly TemplateSource _template;
    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _lineAt;
    private bool _lineStarts = true;

    private TemplateLexer(TemplateSource template)
    {
        _template = template;
        string source = template.Text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = source.EndsWith('\n') ? source[..^1] : source;
    }

    /// <summary>The tokens, the last of kind <see cref="TemplateTokenKind.End"/>.</summary>
    /// <exception cref="ChatTemplateException">A tag or string does not end, or a character belongs to no token.</exception>
    public static List<TemplateToken> Read(TemplateSource template)
    {
        TemplateLexer lexer = new(template);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        while (true)
        {
            int begin = NextTag(_at);
            if (begin < 0)
            {
                Add(TemplateTokenKind.Text, _source[_at..], _at);
                Add(TemplateTokenKind.End, "the end of the template", _source.Length);
                return;
            }

            char kind = _source[begin + 1];
            char sign = begin + 2 < _source.Length ? _source[begin + 2] : ' ';
            Add(TemplateTokenKind.Text, Before(_source[_at..begin], kind, sign), _at);
            _at = begin + (sign is '-' or '+' ? 3 : 2);
            switch (kind)
            {
                case '#':
                    SkipComment(begin);
                    break;
                case '{':
                    Add(TemplateTokenKind.OutputBegin, "{{", begin);
                    ReadTag('}', TemplateTokenKind.OutputEnd);
                    break;
                default:
                    Add(TemplateTokenKind.BlockBegin, "{%", begin);
                    ReadTag('%', TemplateTokenKind.BlockEnd);
                    break;
            }
        }
    }

    private int NextTag(int from)
    {
        for (int i = from; i + 1 < _source.Length; i++)
        {
            if (_source[i] == '{' && _source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The text before a tag, without the white space that the tag takes.</summary>
    private string Before(string text, char kind, char sign)
    {
        if (sign == '-')
        {
            return text.TrimEnd();
        }

        int line = text.LastIndexOf('\n') + 1;
        return kind != '{' && sign != '+' && (line > 0 || _lineStarts) && text.AsSpan(line).IsWhiteSpace() ? text[..line] : text;
    }

    private void SkipComment(int begin)
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Error(begin, "a comment '{#' does not end");
        }

        CloseTag(end + 2, end > _at ? _source[end - 1] : ' ', takesLineBreak: true);
    }

    /// <summary>Takes the white space after a tag that ends at <paramref name="end"/>.</summary>
    private void CloseTag(int end, char sign, bool takesLineBreak)
    {
        _at = end;
        if (sign == '-')
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
            {
                _at++;
            }
        }
        else if (takesLineBreak && sign != '+' && _at < _source.Length && _source[_at] == '\n')
        {
            _at++;
        }

        _lineStarts = _source[_at - 1] == '\n';
    }

    private void ReadTag(char close, TemplateTokenKind end)
    {
        int begin = _at;
        int open = 0;
        while (true)
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
            {
                _at++;
            }

            if (_at >= _source.Length)
            {
                throw Error(begin, close == '}' ? "an output '{{' does not end" : "a block '{%' does not end");
            }

            int sign = _source[_at] is '-' or '+' ? 1 : 0;
            if (open == 0 && _at + sign + 1 < _source.Length && _source[_at + sign] == close && _source[_at + sign + 1] == '}')
            {
                Add(end, close == '}' ? "}}" : "%}", _at);
                CloseTag(_at + sign + 2, sign == 1 ? _source[_at] : ' ', takesLineBreak: close == '%');
                return;
            }

            open += ReadToken();
        }
    }

    /// <summary>Reads a token of an expression; returns by how much brackets open.</summary>
    private int ReadToken()
    {
        char c = _source[_at];
        int begin = _at;
        if (char.IsLetter(c) || c == '_')
        {
            Add(TemplateTokenKind.Name, Take(char.IsLetterOrDigit, '_'), begin);
            return 0;
        }

        if (char.IsAsciiDigit(c))
        {
            string digits = Take(char.IsAsciiDigit, '_');
            bool fraction = _at + 1 < _source.Length && _source[_at] == '.' && char.IsAsciiDigit(_source[_at + 1]);
            if (fraction)
            {
                _at++;
                digits += "." + Take(char.IsAsciiDigit, '_');
            }

            Add(fraction ? TemplateTokenKind.Float : TemplateTokenKind.Integer, digits.Replace("_", string.Empty, StringComparison.Ordinal), begin);
            return 0;
        }

        if (c is '\'' or '"')
        {
            Add(TemplateTokenKind.String, ReadString(c), begin);
            return 0;
        }

        string symbol = Array.Find(Operators, o => string.CompareOrdinal(_source, _at, o, 0, o.Length) == 0) ?? throw Error(_at, $"the character '{c}' is not known");
        _at += symbol.Length;
        Add(TemplateTokenKind.Operator, symbol, begin);
        return symbol is "(" or "[" or "{" ? 1 : symbol is ")" or "]" or "}" ? -1 : 0;
    }

    private string Take(Func<char, bool> belongs, char also)
    {
        int begin = _at;
        while (_at < _source.Length && (belongs(_source[_at]) || _source[_at] == also))
        {
            _at++;
        }

        return _source[begin.._at];
    }

    private string ReadString(char quote)
    {
        int begin = _at++;
        StringBuilder text = new();
        while (_at < _source.Length && _source[_at] != quote)
        {
            if (_source[_at] == '\\' && _at + 1 < _source.Length)
            {
                ReadEscape(text);
            }
            else
            {
                text.Append(_source[_at++]);
            }
        }

        return _at++ < _source.Length ? text.ToString() : throw Error(begin, "a string does not end");
    }

    private void ReadEscape(StringBuilder text)
    {
        char c = _source[_at + 1];
        int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            string code = _source[(_at + 2)..Math.Min(_source.Length, _at + 2 + digits)];
            text.Append(code.Length == digits && int.TryParse(code, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int rune) && Rune.IsValid(rune)
                ? char.ConvertFromUtf32(rune)
                : throw Error(_at, $"the escape '\\{c}' is not one of a character"));
            _at += 2 + digits;
            return;
        }

        text.Append(c switch { 'n' => "\n", 't' => "\t", 'r' => "\r", 'a' => "\a", 'b' => "\b", 'f' => "\f", 'v' => "\v", '\\' or '\'' or '"' => c.ToString(), '\n' => string.Empty, _ => "\\" + c });
        _at += 2;
    }

    private void Add(TemplateTokenKind kind, string text, int at)
    {
        if (kind != TemplateTokenKind.Text || text.Length > 0)
        {
            _tokens.Add(new TemplateToken(kind, text, LineOf(at)));
        }
    }

    /// <summary>The line of a place, counted on from the last one that was asked for.</summary>
    private int LineOf(int at)
    {
        for (; _lineAt < at; _lineAt++)
        {
            _line += _source[_lineAt] == '\n' ? 1 : 0;
        }

        return _line;
    }

    private ChatTemplateException Error(int at, string message) => _template.Error(LineOf(at), message);
}
