using System.Globalization;

namespace Switchyard.Models.Chat;

/// <summary>Parses what stands behind a value: attributes, indices, calls, filters and tests.</summary>
internal sealed class PostfixParser(TemplateCursor cursor, ExpressionParser expressions)
{
    /// <summary>Attributes, indices, slices and calls.</summary>
    public TemplateExpression Attributes(TemplateExpression value)
    {
        while (true)
        {
            if (cursor.TakeOperator("."))
            {
                value = cursor.Current.Kind == TemplateTokenKind.Integer
                    ? Index(value, Position(cursor.Next().Text))
                    : Attribute(value, cursor.Name());
            }
            else if (cursor.TakeOperator("["))
            {
                value = Bracket(value);
            }
            else if (cursor.AtOperator("("))
            {
                value = Call(value, cursor.Line);
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>Filters and tests, in the order they stand in.</summary>
    public TemplateExpression FiltersAndTests(TemplateExpression value)
    {
        while (true)
        {
            if (cursor.TakeOperator("|"))
            {
                value = Filter(value);
            }
            else if (cursor.TakeName("is"))
            {
                value = Test(value);
            }
            else
            {
                return value;
            }
        }
    }

    private static TemplateExpression Index(TemplateExpression value, TemplateExpression index) =>
        ExpressionParser.Counted(run => TemplateValues.Item(run, value(run), index(run)));

    private TemplateExpression Position(string text)
    {
        long position = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long n) ? n : throw cursor.Error($"the number {text} is too large");
        return _ => position;
    }

    private TemplateExpression Attribute(TemplateExpression value, string name)
    {
        if (!cursor.AtOperator("("))
        {
            return ExpressionParser.Counted(run => TemplateValues.Attribute(run, value(run), name));
        }

        Func<TemplateRun, TemplateArguments> arguments = Arguments(name);
        return ExpressionParser.Counted(run => TemplateMethods.Call(run, value(run), name, arguments(run)));
    }

    private TemplateExpression Call(TemplateExpression value, int line)
    {
        Func<TemplateRun, TemplateArguments> arguments = Arguments("a call");
        return ExpressionParser.Counted(run =>
        {
            if (value(run) is TemplateFunction function)
            {
                return function(run, arguments(run));
            }

            run.Line = line;
            throw run.Error($"{TemplateValues.KindOf(value(run))} cannot be called");
        });
    }

    private TemplateExpression Bracket(TemplateExpression value)
    {
        TemplateExpression? first = cursor.AtOperator(":") ? null : expressions.Parse();
        if (first is not null && cursor.TakeOperator("]"))
        {
            return Index(value, first);
        }

        cursor.Operator(":");
        TemplateExpression? end = cursor.AtOperator(":") || cursor.AtOperator("]") ? null : expressions.Parse();
        TemplateExpression? step = cursor.TakeOperator(":") && !cursor.AtOperator("]") ? expressions.Parse() : null;
        cursor.Operator("]");
        return ExpressionParser.Counted(run => TemplateValues.Slice(run, value(run), first?.Invoke(run), end?.Invoke(run), step?.Invoke(run)));
    }

    private TemplateExpression Filter(TemplateExpression value)
    {
        string name = cursor.Name();
        TemplateFilter filter = TemplateFilters.Find(name) ?? throw cursor.Error($"the filter '{name}' is not known");
        Func<TemplateRun, TemplateArguments> arguments = cursor.AtOperator("(") ? Arguments(name) : None(name);
        return ExpressionParser.Counted(run => filter(run, value(run), arguments(run)));
    }

    private TemplateExpression Test(TemplateExpression value)
    {
        bool negated = cursor.TakeName("not");
        string name = cursor.Name();
        TemplateTest test = TemplateTests.Find(name) ?? throw cursor.Error($"the test '{name}' is not known");
        Func<TemplateRun, TemplateArguments> arguments = cursor.AtOperator("(") ? Arguments(name)
            : cursor.Current.Kind is TemplateTokenKind.String or TemplateTokenKind.Integer or TemplateTokenKind.Float || IsValue(cursor.Current) ? One(name)
            : None(name);
        return ExpressionParser.Counted(run => test(run, value(run), arguments(run)) != negated);
    }

    private static bool IsValue(TemplateToken token) =>
        (token.Kind == TemplateTokenKind.Name && !ExpressionParser.IsKeyword(token.Text)) || token.Is(TemplateTokenKind.Operator, "[");

    private static Func<TemplateRun, TemplateArguments> None(string name)
    {
        TemplateArguments none = new(name, [], new Dictionary<string, object?>());
        return _ => none;
    }

    private Func<TemplateRun, TemplateArguments> One(string name)
    {
        TemplateExpression value = expressions.ParseOperand();
        return run => new TemplateArguments(name, [value(run)], new Dictionary<string, object?>());
    }

    private Func<TemplateRun, TemplateArguments> Arguments(string name)
    {
        List<TemplateExpression> values = [];
        List<(string Name, TemplateExpression Value)> named = [];
        cursor.Operator("(");
        while (!cursor.TakeOperator(")"))
        {
            if (values.Count + named.Count > 0)
            {
                cursor.Operator(",");
                if (cursor.TakeOperator(")"))
                {
                    break;
                }
            }

            cursor.Few(values.Count + named.Count);
            if (cursor.AtOperator("*") || cursor.AtOperator("**"))
            {
                throw cursor.Error("arguments with '*' are not known");
            }

            if (cursor.Current.Kind == TemplateTokenKind.Name && cursor.Following.Is(TemplateTokenKind.Operator, "="))
            {
                string key = cursor.Name();
                cursor.Operator("=");
                named.Add((key, expressions.Parse()));
            }
            else if (named.Count > 0)
            {
                throw cursor.Error("an argument by position stands after one by name");
            }
            else
            {
                values.Add(expressions.Parse());
            }
        }

        return run =>
        {
            Dictionary<string, object?> byName = new(StringComparer.Ordinal);
            object?[] byPosition = [.. values.Select(v => v(run))];
            foreach ((string key, TemplateExpression value) in named)
            {
                byName[key] = value(run);
            }

            return new TemplateArguments(name, byPosition, byName);
        };
    }
}
