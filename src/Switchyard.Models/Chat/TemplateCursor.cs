namespace Switchyard.Models.Chat;

/// <summary>The tokens of a template that are still to be parsed.</summary>
internal sealed class TemplateCursor(TemplateSource source)
{
    /// <summary>Deeper than this nothing may be nested: a parser that calls itself must end.</summary>
    private const int DeepestNesting = 100;

    private const int MostArguments = 255;
    private readonly List<TemplateToken> _tokens = TemplateLexer.Read(source);
    private int _at;
    private int _depth;

    public TemplateToken Current => _tokens[_at];

    public bool AtEnd => Current.Kind is TemplateTokenKind.OutputEnd or TemplateTokenKind.BlockEnd;

    public int Line => Current.Line;

    public TemplateToken Following => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    public TemplateToken Next()
    {
        TemplateToken token = Current;
        _at = Math.Min(_at + 1, _tokens.Count - 1);
        return token;
    }

    public bool AtName(string name) => Current.Is(TemplateTokenKind.Name, name);

    public bool AtOperator(string symbol) => Current.Is(TemplateTokenKind.Operator, symbol);

    public bool TakeName(string name) => Take(AtName(name));

    public bool TakeOperator(string symbol) => Take(AtOperator(symbol));

    public string Name() => Current.Kind == TemplateTokenKind.Name ? Next().Text : throw Unexpected("a name");

    public void Operator(string symbol)
    {
        if (!TakeOperator(symbol))
        {
            throw Unexpected($"'{symbol}'");
        }
    }

    public void End(TemplateTokenKind kind)
    {
        if (!Take(Current.Kind == kind))
        {
            throw Unexpected(kind == TemplateTokenKind.BlockEnd ? "'%}'" : "'}}'");
        }
    }

    /// <summary>Parses something that may hold itself.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++_depth > DeepestNesting)
        {
            throw Error($"more than {DeepestNesting} levels are nested");
        }

        T result = parse();
        _depth--;
        return result;
    }

    /// <summary>Refuses to read another argument or parameter after so many.</summary>
    public void Few(int arguments)
    {
        if (arguments >= MostArguments)
        {
            throw Error($"more than {MostArguments} arguments are given");
        }
    }

    public ChatTemplateException Unexpected(string expected) => Error($"'{Current.Text}' stands where {expected} is expected");

    public ChatTemplateException Error(string message) => source.Error(Line, message);

    private bool Take(bool holds)
    {
        if (holds)
        {
            Next();
        }

        return holds;
    }
}
