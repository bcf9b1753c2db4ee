using System.Globalization;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>The functions that every chat template may call.</summary>
internal static class TemplateGlobals
{
    public static void AddTo(Dictionary<string, object?> variables)
    {
        variables["namespace"] = new TemplateFunction(Namespace);
        variables["dict"] = new TemplateFunction((_, arguments) => new OrderedDictionary<string, object?>(arguments.Named, StringComparer.Ordinal));
        variables["range"] = new TemplateFunction(Range);
        variables["raise_exception"] = new TemplateFunction((run, arguments) => throw run.Error($"it refuses the conversation: {TemplateValues.Text(run, arguments.Get(0, "message"))}"));
        variables["strftime_now"] = new TemplateFunction(Now);
    }

    private static TemplateNamespace Namespace(TemplateRun run, TemplateArguments arguments)
    {
        TemplateNamespace space = new();
        foreach ((string name, object? value) in arguments.Named)
        {
            space.Values[name] = value;
        }

        return arguments.Values.Count == 0 ? space : throw run.Error("'namespace' takes arguments by name");
    }

    private static List<object?> Range(TemplateRun run, TemplateArguments arguments)
    {
        long[] bounds = [.. arguments.Values.Select(v => TemplateValues.Integer(v) ?? throw run.Error("'range' takes whole numbers"))];
        (long from, long to, long step) = bounds switch
        {
            [var end] => (0, end, 1),
            [var begin, var end] => (begin, end, 1),
            [var begin, var end, not 0 and var by] => (begin, end, by),
            _ => throw run.Error("'range' takes one to three whole numbers, the third not 0"),
        };
        Int128 count = ((Int128)to - from + step - Math.Sign(step)) / step;
        run.MakeList((long)Int128.Clamp(count, 0, long.MaxValue));
        List<object?> list = [];
        for (long i = 0; i < count; i++)
        {
            list.Add(from + (i * step));
        }

        return list;
    }

    private static string Now(TemplateRun run, TemplateArguments arguments)
    {
        string format = arguments.Require(run, 1, "format").Get(0, "format") as string ?? throw run.Error("'strftime_now' needs a format");
        DateTimeOffset now = run.Clock.GetLocalNow();
        StringBuilder text = new();
        for (int i = 0; i < format.Length; i++)
        {
            run.Append(text, format[i] == '%' && i + 1 < format.Length ? Part(run, now, format[++i]) : format[i].ToString());
        }

        return text.ToString();
    }

    private static string Part(TemplateRun run, DateTimeOffset now, char part) => part switch
    {
        '%' => "%",
        'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        _ => now.ToString(
            part switch
            {
                'd' => "dd",
                'm' => "MM",
                'y' => "yy",
                'Y' => "yyyy",
                'b' => "MMM",
                'B' => "MMMM",
                'a' => "ddd",
                'A' => "dddd",
                'H' => "HH",
                'I' => "hh",
                'M' => "mm",
                'S' => "ss",
                'p' => "tt",
                _ => throw run.Error($"'%{part}' of strftime_now is not known"),
            },
            CultureInfo.InvariantCulture),
    };
}
