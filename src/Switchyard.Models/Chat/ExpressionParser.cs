using System.Globalization;

namespace Switchyard.Models.Chat;

/// <summary>Parses expressions into functions, by precedence: choice, or, and, not, comparison, sum, joining, product, power, sign, then attributes, calls, filters and tests.</summary>
internal sealed class ExpressionParser(TemplateCursor cursor)
{
    private static readonly string[] Keywords = ["and", "or", "not", "in", "is", "if", "else", "elif"];

    /// <summary>An expression, with <c>x if y else z</c>.</summary>
    public Func<TemplateRun, object?> Parse() => cursor.Nested(Choice);

    /// <summary>An expression without a choice: what a loop goes through, where <c>if</c> filters.</summary>
    public Func<TemplateRun, object?> ParseWithoutChoice() => cursor.Nested(Or);

    /// <summary>A value with its attributes, as the argument of a test without brackets.</summary>
    public Func<TemplateRun, object?> ParseOperand() => cursor.Nested(() => Signed(withFilters: false));

    private Func<TemplateRun, object?> Choice()
    {
        Func<TemplateRun, object?> value = Or();
        while (cursor.TakeName("if"))
        {
            Func<TemplateRun, object?> then = value;
            Func<TemplateRun, object?> condition = Or();
            Func<TemplateRun, object?> otherwise = cursor.TakeName("else") ? Parse() : _ => new TemplateUndefined("a choice without 'else'");
            value = Counted(run => TemplateValues.Truth(condition(run)) ? then(run) : otherwise(run));
        }

        return value;
    }

    private Func<TemplateRun, object?> Or()
    {
        Func<TemplateRun, object?> value = And();
        while (cursor.TakeName("or"))
        {
            Func<TemplateRun, object?> left = value;
            Func<TemplateRun, object?> right = And();
            value = Counted(run => left(run) is var a && TemplateValues.Truth(a) ? a : right(run));
        }

        return value;
    }

    private Func<TemplateRun, object?> And()
    {
        Func<TemplateRun, object?> value = Not();
        while (cursor.TakeName("and"))
        {
            Func<TemplateRun, object?> left = value;
            Func<TemplateRun, object?> right = Not();
            value = Counted(run => left(run) is var a && !TemplateValues.Truth(a) ? a : right(run));
        }

        return value;
    }

    private Func<TemplateRun, object?> Not()
    {
        if (!cursor.TakeName("not"))
        {
            return Comparison();
        }

        Func<TemplateRun, object?> value = cursor.Nested(Not);
        return Counted(run => !TemplateValues.Truth(value(run)));
    }

    private Func<TemplateRun, object?> Comparison()
    {
        Func<TemplateRun, object?> first = Sum();
        List<(string Symbol, Func<TemplateRun, object?> Value)> rest = [];
        while (ComparisonSymbol() is { } symbol)
        {
            rest.Add((symbol, Sum()));
        }

        return rest.Count == 0 ? first : Counted(run =>
        {
            object? left = first(run);
            foreach ((string symbol, Func<TemplateRun, object?> value) in rest)
            {
                object? right = value(run);
                if (!Holds(run, symbol, left, right))
                {
                    return false;
                }

                left = right;
            }

            return true;
        });
    }

    private string? ComparisonSymbol()
    {
        if (cursor.AtName("not") && cursor.Following.Is(TemplateTokenKind.Name, "in"))
        {
            cursor.Next();
            cursor.Next();
            return "not in";
        }

        return cursor.AtName("in") || (cursor.Current.Kind == TemplateTokenKind.Operator && cursor.Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
            ? cursor.Next().Text
            : null;
    }

    private static bool Holds(TemplateRun run, string symbol, object? a, object? b) => symbol switch
    {
        "==" => TemplateValues.Same(run, a, b),
        "!=" => !TemplateValues.Same(run, a, b),
        "in" => TemplateValues.In(run, a, b),
        "not in" => !TemplateValues.In(run, a, b),
        "<" => TemplateValues.Compare(run, a, b) < 0,
        "<=" => TemplateValues.Compare(run, a, b) <= 0,
        ">" => TemplateValues.Compare(run, a, b) > 0,
        _ => TemplateValues.Compare(run, a, b) >= 0,
    };

    private Func<TemplateRun, object?> Sum() => Binary(Joined, "+", "-");

    private Func<TemplateRun, object?> Joined() => Binary(Product, "~");

    private Func<TemplateRun, object?> Product() => Binary(Power, "*", "/", "//", "%");

    private Func<TemplateRun, object?> Power() => Binary(() => Signed(withFilters: true), "**");

    private Func<TemplateRun, object?> Binary(Func<Func<TemplateRun, object?>> operand, params string[] symbols)
    {
        Func<TemplateRun, object?> value = operand();
        while (cursor.Current.Kind == TemplateTokenKind.Operator && symbols.Contains(cursor.Current.Text, StringComparer.Ordinal))
        {
            string symbol = cursor.Next().Text;
            Func<TemplateRun, object?> left = value;
            Func<TemplateRun, object?> right = operand();
            value = Counted(run => TemplateArithmetic.Apply(run, symbol, left(run), right(run)));
        }

        return value;
    }

    private Func<TemplateRun, object?> Signed(bool withFilters)
    {
        Func<TemplateRun, object?> value;
        if (cursor.TakeOperator("-"))
        {
            Func<TemplateRun, object?> positive = cursor.Nested(() => Signed(withFilters: false));
            value = Counted(run => TemplateArithmetic.Negate(run, positive(run)));
        }
        else
        {
            value = cursor.TakeOperator("+") ? cursor.Nested(() => Signed(withFilters: false)) : Primary();
        }

        PostfixParser postfix = new(cursor, this);
        value = postfix.Attributes(value);
        return withFilters ? postfix.FiltersAndTests(value) : value;
    }

    private Func<TemplateRun, object?> Primary()
    {
        TemplateToken token = cursor.Current;
        switch (token.Kind)
        {
            case TemplateTokenKind.Name when !Keywords.Contains(token.Text, StringComparer.Ordinal):
                cursor.Next();
                return Named(token.Text);
            case TemplateTokenKind.String:
                string text = cursor.Next().Text;
                while (cursor.Current.Kind == TemplateTokenKind.String)
                {
                    text += cursor.Next().Text;
                }

                return _ => text;
            case TemplateTokenKind.Integer:
                long whole = long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long n) ? n : throw cursor.Error($"the number {token.Text} is too large");
                cursor.Next();
                return _ => whole;
            case TemplateTokenKind.Float:
                double real = double.Parse(token.Text, CultureInfo.InvariantCulture);
                cursor.Next();
                return _ => real;
            case TemplateTokenKind.Operator when token.Text is "(" or "[":
                cursor.Next();
                return Several(token.Text == "(" ? ")" : "]", single: token.Text == "(");
            case TemplateTokenKind.Operator when token.Text is "{":
                cursor.Next();
                return Mapping();
            default:
                throw cursor.Unexpected("a value");
        }
    }

    private static Func<TemplateRun, object?> Named(string name) => name switch
    {
        "true" or "True" => _ => true,
        "false" or "False" => _ => false,
        "none" or "None" => _ => null,
        _ => run => run.Get(name),
    };

    /// <summary>The values up to a bracket: a list; in round brackets one value by itself is that value.</summary>
    private Func<TemplateRun, object?> Several(string close, bool single)
    {
        List<Func<TemplateRun, object?>> values = [];
        bool comma = false;
        while (!cursor.TakeOperator(close))
        {
            if (values.Count > 0)
            {
                cursor.Operator(",");
                comma = true;
                if (cursor.TakeOperator(close))
                {
                    break;
                }
            }

            values.Add(Parse());
        }

        return single && !comma && values.Count == 1
            ? values[0]
            : Counted(run => values.ConvertAll(v => v(run)));
    }

    private Func<TemplateRun, object?> Mapping()
    {
        List<(Func<TemplateRun, object?> Key, Func<TemplateRun, object?> Value)> pairs = [];
        while (!cursor.TakeOperator("}"))
        {
            if (pairs.Count > 0)
            {
                cursor.Operator(",");
                if (cursor.TakeOperator("}"))
                {
                    break;
                }
            }

            Func<TemplateRun, object?> key = Parse();
            cursor.Operator(":");
            pairs.Add((key, Parse()));
        }

        return Counted(run =>
        {
            OrderedDictionary<string, object?> map = new(StringComparer.Ordinal);
            foreach ((Func<TemplateRun, object?> key, Func<TemplateRun, object?> value) in pairs)
            {
                map[key(run) as string ?? throw run.Error("the keys of a mapping are strings")] = value(run);
            }

            return map;
        });
    }

    /// <summary>Counts a step before a function runs.</summary>
    internal static Func<TemplateRun, object?> Counted(Func<TemplateRun, object?> function) => run =>
    {
        run.Step();
        return function(run);
    };
}
