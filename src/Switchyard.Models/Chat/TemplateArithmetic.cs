using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>The operators of arithmetic, on numbers, strings and lists.</summary>
internal static class TemplateArithmetic
{
    public static object Apply(TemplateRun run, string symbol, object? a, object? b)
    {
        try
        {
            return symbol switch
            {
                "~" => Join(run, TemplateValues.Text(run, a), TemplateValues.Text(run, b)),
                "+" when a is string x && b is string y => Join(run, x, y),
                "+" when a is IReadOnlyList<object?> x && b is IReadOnlyList<object?> y => Join(run, x, y),
                "*" when a is string x && TemplateValues.Integer(b) is { } n => Repeat(run, x, n),
                "*" when b is string x && TemplateValues.Integer(a) is { } n => Repeat(run, x, n),
                "%" when a is string => throw run.Error("'%' on a string is not known; join strings with '~'"),
                _ when TemplateValues.Integer(a) is { } x && TemplateValues.Integer(b) is { } y => Whole(run, symbol, x, y),
                _ when TemplateValues.Number(a) is { } x && TemplateValues.Number(b) is { } y => Real(run, symbol, x, y),
                _ => throw run.Error($"'{symbol}' does not go with {TemplateValues.KindOf(a)} and {TemplateValues.KindOf(b)}"),
            };
        }
        catch (OverflowException e)
        {
            throw run.Error($"the result of '{symbol}' is too large", e);
        }
    }

    public static object Negate(TemplateRun run, object? value) => value switch
    {
        double x => (object)-x,
        _ when TemplateValues.Integer(value) is { } n and not long.MinValue => -n,
        _ => throw run.Error($"'-' does not go with {TemplateValues.KindOf(value)}"),
    };

    public static object Absolute(TemplateRun run, object? value) => value switch
    {
        double x => (object)Math.Abs(x),
        _ when TemplateValues.Integer(value) is { } n and not long.MinValue => Math.Abs(n),
        _ => throw run.Error($"{TemplateValues.KindOf(value)} has no absolute value"),
    };

    private static string Join(TemplateRun run, string a, string b)
    {
        run.Make((long)a.Length + b.Length);
        return a + b;
    }

    private static List<object?> Join(TemplateRun run, IReadOnlyList<object?> a, IReadOnlyList<object?> b)
    {
        run.MakeList((long)a.Count + b.Count);
        return [.. a, .. b];
    }

    private static string Repeat(TemplateRun run, string text, long times)
    {
        times = text.Length == 0 ? 0 : Math.Max(0, times);
        run.Make(checked(text.Length * times));
        return new StringBuilder().Insert(0, text, (int)times).ToString();
    }

    private static object Whole(TemplateRun run, string symbol, long a, long b) => symbol switch
    {
        "+" => (object)checked(a + b),
        "-" => checked(a - b),
        "*" => checked(a * b),
        "**" => b < 0 ? (object)Math.Pow(Divisor(run, a), b) : Power(run, a, b),
        "/" => Divisor(run, b) is var d ? (double)a / d : 0,
        "//" => Floor(a, Divisor(run, b)),
        _ => Remainder(a, Divisor(run, b)),
    };

    private static object Real(TemplateRun run, string symbol, double a, double b)
    {
        double result = symbol switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "**" => Math.Pow(a, b),
            _ when b == 0 => throw run.Error("something is divided by zero"),
            "/" => a / b,
            "//" => Math.Floor(a / b),
            _ => a - (Math.Floor(a / b) * b),
        };
        return double.IsInfinity(result) && double.IsFinite(a) && double.IsFinite(b) ? throw new OverflowException() : result;
    }

    private static long Power(TemplateRun run, long a, long exponent)
    {
        if (exponent > 64 && a is not (0 or 1 or -1))
        {
            throw run.Error("the result of '**' is too large");
        }

        long result = 1;
        for (long i = a is 0 or 1 or -1 ? Math.Min(exponent, 2 - (exponent % 2)) : exponent; i > 0; i--)
        {
            result = checked(result * a);
        }

        return result;
    }

    private static long Divisor(TemplateRun run, long b) => b != 0 ? b : throw run.Error("something is divided by zero");

    private static long Floor(long a, long b)
    {
        long quotient = checked(a / b);
        return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
    }

    /// <summary>The remainder with the sign of the divisor.</summary>
    private static long Remainder(long a, long b)
    {
        long remainder = b == -1 ? 0 : a % b;
        return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
    }
}
