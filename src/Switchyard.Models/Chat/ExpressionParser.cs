using System.Globalization;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>Parses expressions into functions, by precedence: choice, or, and, not, comparison, sum, joining, product, power, sign, then attributes, calls, filters and tests.</summary>
internal sealed class ExpressionParser(TemplateCursor cursor)
{
    private static readonly string[] Keywords = ["and", "or", "not", "in", "is", "if", "else", "elif"];

    /// <summary>Whether a name cannot be that of a variable.</summary>
    public static bool IsKeyword(string name) => Keywords.Contains(name, StringComparer.Ordinal);

    /// <summary>An expression, with <c>x if y else z</c>.</summary>
    public TemplateExpression Parse() => cursor.Nested(Choice);

    /// <summary>An expression, or several with commas between them: a list.</summary>
    public TemplateExpression ParseList()
    {
        TemplateExpression first = Parse();
        if (!cursor.AtOperator(","))
        {
            return first;
        }

        List<TemplateExpression> values = [first];
        while (cursor.TakeOperator(",") && !cursor.AtEnd)
        {
            values.Add(Parse());
        }

        return Listed(values);
    }

    /// <summary>An expression without a choice: what a loop goes through, where <c>if</c> filters.</summary>
    public TemplateExpression ParseWithoutChoice() => cursor.Nested(Or);

    /// <summary>A value with its attributes, as the argument of a test without brackets.</summary>
    public TemplateExpression ParseOperand() => cursor.Nested(() => Signed(withFilters: false));

    private TemplateExpression Choice()
    {
        TemplateExpression value = Or();
        while (cursor.TakeName("if"))
        {
            TemplateExpression then = value;
            TemplateExpression condition = Or();
            TemplateExpression otherwise = cursor.TakeName("else") ? Parse() : _ => new TemplateUndefined("a choice without 'else'");
            value = Counted(run => TemplateValues.Truth(condition(run)) ? then(run) : otherwise(run));
        }

        return value;
    }

    private TemplateExpression Or()
    {
        TemplateExpression value = And();
        while (cursor.TakeName("or"))
        {
            TemplateExpression left = value;
            TemplateExpression right = And();
            value = Counted(run => left(run) is var a && TemplateValues.Truth(a) ? a : right(run));
        }

        return value;
    }

    private TemplateExpression And()
    {
        TemplateExpression value = Not();
        while (cursor.TakeName("and"))
        {
            TemplateExpression left = value;
            TemplateExpression right = Not();
            value = Counted(run => left(run) is var a && !TemplateValues.Truth(a) ? a : right(run));
        }

        return value;
    }

    private TemplateExpression Not()
    {
        if (!cursor.TakeName("not"))
        {
            return Comparison();
        }

        TemplateExpression value = cursor.Nested(Not);
        return Counted(run => !TemplateValues.Truth(value(run)));
    }

    private TemplateExpression Comparison()
    {
        TemplateExpression first = Sum();
        List<(string Symbol, TemplateExpression Value)> rest = [];
        while (ComparisonSymbol() is { } symbol)
        {
            rest.Add((symbol, Sum()));
        }

        return rest.Count == 0 ? first : Counted(run =>
        {
            object? left = first(run);
            foreach ((string symbol, TemplateExpression value) in rest)
            {
                object? right = value(run);
                if (!TemplateComparison.Holds(run, symbol, left, right))
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

    private TemplateExpression Sum() => Binary(Joined, "+", "-");

    private TemplateExpression Joined() => Binary(Product, "~");

    private TemplateExpression Product() => Binary(Power, "*", "/", "//", "%");

    private TemplateExpression Power() => Binary(() => Signed(withFilters: true), "**");

    private TemplateExpression Binary(Func<TemplateExpression> operand, params string[] symbols)
    {
        TemplateExpression value = operand();
        while (cursor.Current.Kind == TemplateTokenKind.Operator && symbols.Contains(cursor.Current.Text, StringComparer.Ordinal))
        {
            string symbol = cursor.Next().Text;
            TemplateExpression left = value;
            TemplateExpression right = operand();
            value = Counted(run => TemplateArithmetic.Apply(run, symbol, left(run), right(run)));
        }

        return value;
    }

    private TemplateExpression Signed(bool withFilters)
    {
        TemplateExpression value;
        if (cursor.TakeOperator("-"))
        {
            TemplateExpression positive = cursor.Nested(() => Signed(withFilters: false));
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

    private TemplateExpression Primary()
    {
        TemplateToken token = cursor.Current;
        switch (token.Kind)
        {
            case TemplateTokenKind.Name when !IsKeyword(token.Text):
                cursor.Next();
                return Named(token.Text);
            case TemplateTokenKind.String:
                StringBuilder text = new();
                while (cursor.Current.Kind == TemplateTokenKind.String)
                {
                    text.Append(cursor.Next().Text);
                }

                return Constant(text.ToString());
            case TemplateTokenKind.Integer:
                long whole = long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long n) ? n : throw cursor.Error($"the number {token.Text} is too large");
                cursor.Next();
                return Constant(whole);
            case TemplateTokenKind.Float:
                double real = double.Parse(token.Text, CultureInfo.InvariantCulture);
                cursor.Next();
                return Constant(real);
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

    private static TemplateExpression Named(string name) => name switch
    {
        "true" or "True" => Constant(true),
        "false" or "False" => Constant(false),
        "none" or "None" => Constant(null),
        _ => run => run.Handled(run.Get(name)),
    };

    /// <summary>The values up to a bracket: a list; in round brackets one value by itself is that value.</summary>
    private TemplateExpression Several(string close, bool single)
    {
        List<TemplateExpression> values = [];
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
            : Listed(values);
    }

    private static TemplateExpression Listed(List<TemplateExpression> values) => Counted(run =>
    {
        run.MakeList(values.Count);
        return values.ConvertAll(v => v(run));
    });

    private TemplateExpression Mapping()
    {
        List<(TemplateExpression Key, TemplateExpression Value)> pairs = [];
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

            TemplateExpression key = Parse();
            cursor.Operator(":");
            pairs.Add((key, Parse()));
        }

        return Counted(run =>
        {
            run.MakeList(4L * pairs.Count);
            OrderedDictionary<string, object?> map = new(StringComparer.Ordinal);
            foreach ((TemplateExpression key, TemplateExpression value) in pairs)
            {
                map[key(run) as string ?? throw run.Error("the keys of a mapping are strings")] = value(run);
            }

            return map;
        });
    }

    /// <summary>Counts a step before an operation, and the work of its result.</summary>
    internal static TemplateExpression Counted(TemplateExpression operation) => run =>
    {
        run.Step();
        return run.Handled(operation(run));
    };

    private static TemplateExpression Constant(object? value) => run => run.Handled(value);
}
