using System.Globalization;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>What Python makes of values: null, bool, long, double, string, lists, and dictionaries with string keys.</summary>
internal static class TemplateValues
{
    public static bool Truth(object? value) => value switch
    {
        null or TemplateUndefined => false,
        bool b => b,
        long n => n != 0,
        double x => x != 0,
        string s => s.Length > 0,
        IReadOnlyCollection<object?> list => list.Count > 0,
        IReadOnlyDictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    /// <summary>A value as an output writes it.</summary>
    public static string Text(TemplateRun run, object? value) => value switch
    {
        string s => s,
        TemplateUndefined => string.Empty,
        _ => Written(run, value),
    };

    public static string KindOf(object? value) => value switch
    {
        null => "none",
        TemplateUndefined u => $"the undefined '{u.Name}'",
        bool => "a boolean",
        long => "an integer",
        double => "a number",
        string => "a string",
        IReadOnlyCollection<object?> => "a list",
        IReadOnlyDictionary<string, object?> => "a mapping",
        TemplateNamespace => "a namespace",
        _ => "a function",
    };

    public static bool Same(TemplateRun run, object? a, object? b)
    {
        run.Step();
        return (a, b) switch
        {
            (TemplateUndefined, TemplateUndefined) => true,
            (string x, string y) => string.Equals(x, y, StringComparison.Ordinal),
            (IReadOnlyList<object?> x, IReadOnlyList<object?> y) => x.Count == y.Count && x.Zip(y).All(p => Same(run, p.First, p.Second)),
            (IReadOnlyDictionary<string, object?> x, IReadOnlyDictionary<string, object?> y) => x.Count == y.Count && x.All(p => y.TryGetValue(p.Key, out object? other) && Same(run, p.Value, other)),
            _ => Number(a) is { } x && Number(b) is { } y ? x == y : Equals(a, b),
        };
    }

    /// <summary>Order of two numbers, strings or lists.</summary>
    public static int Compare(TemplateRun run, object? a, object? b)
    {
        run.Step();
        if (a is string s && b is string t)
        {
            return string.CompareOrdinal(s, t);
        }

        if (a is IReadOnlyList<object?> x && b is IReadOnlyList<object?> y)
        {
            (object? First, object? Second) differing = x.Zip(y).FirstOrDefault(p => !Same(run, p.First, p.Second), (null, null));
            return differing == (null, null) ? x.Count.CompareTo(y.Count) : Compare(run, differing.First, differing.Second);
        }

        return a is long m && b is long n ? m.CompareTo(n)
            : Number(a) is { } p && Number(b) is { } q ? p.CompareTo(q)
            : throw run.Error($"{KindOf(a)} cannot be compared with {KindOf(b)}");
    }

    public static bool In(TemplateRun run, object? value, object? container) => container switch
    {
        string s => value is string part ? Searched(run, s).Contains(part, StringComparison.Ordinal) : throw run.Error($"{KindOf(value)} cannot be sought in a string"),
        IReadOnlyDictionary<string, object?> map => value is string key && map.ContainsKey(key),
        _ => List(run, container).Any(v => Same(run, v, value)),
    };

    /// <summary>What a loop over a value goes through.</summary>
    public static IReadOnlyList<object?> List(TemplateRun run, object? value)
    {
        IReadOnlyList<object?> list = value switch
        {
            TemplateUndefined => [],
            IReadOnlyList<object?> l => l,
            IReadOnlyDictionary<string, object?> map => [.. map.Keys],
            string s => [.. Searched(run, s).EnumerateRunes().Select(r => r.ToString())],
            _ => throw run.Error($"{KindOf(value)} cannot be gone through"),
        };
        run.Work(list.Count);
        return list;
    }

    public static object? Attribute(TemplateRun run, object? value, string name) => value switch
    {
        TemplateUndefined u => throw run.Error($"'{u.Name}' is undefined and has no '{name}'"),
        IReadOnlyDictionary<string, object?> map => map.TryGetValue(name, out object? found) ? found : new TemplateUndefined(name),
        TemplateNamespace n => n.Values.TryGetValue(name, out object? found) ? found : new TemplateUndefined(name),
        _ => new TemplateUndefined(name),
    };

    public static object? Item(TemplateRun run, object? value, object? index)
    {
        if (index is string name)
        {
            return Attribute(run, value, name);
        }

        if (value is IReadOnlyDictionary<string, object?> or TemplateNamespace)
        {
            return new TemplateUndefined(Text(run, index));
        }

        if (value is TemplateUndefined u)
        {
            throw run.Error($"'{u.Name}' is undefined and has no entries");
        }

        if (Integer(index) is not { } at || value is not (string or IReadOnlyList<object?>))
        {
            return new TemplateUndefined($"an entry of {KindOf(value)}");
        }

        IReadOnlyList<object?> list = List(run, value);
        at = at < 0 ? at + list.Count : at;
        return at >= 0 && at < list.Count ? list[(int)at] : new TemplateUndefined($"entry {index}");
    }

    public static object Slice(TemplateRun run, object? value, object? from, object? to, object? step)
    {
        if (value is not (string or IReadOnlyList<object?>))
        {
            return value is TemplateUndefined u ? throw run.Error($"'{u.Name}' is undefined and cannot be cut") : new TemplateUndefined($"a part of {KindOf(value)}");
        }

        IReadOnlyList<object?> list = List(run, value);
        long stride = Part(step, 1);
        long count = list.Count;
        if (stride == 0)
        {
            throw run.Error("a slice has the step 0");
        }

        long begin = Clamp(Part(from, stride > 0 ? 0 : count), stride > 0 ? 0 : -1, stride > 0 ? count : count - 1);
        long end = to is null && stride < 0 ? -1 : Clamp(Part(to, count), stride > 0 ? 0 : -1, stride > 0 ? count : count - 1);
        List<object?> cut = [];
        for (long i = begin; stride > 0 ? i < end : i > end; i += stride)
        {
            cut.Add(list[(int)i]);
            if (stride > count || stride < -count)
            {
                break;
            }
        }

        return value is string ? string.Concat(cut) : cut;

        long Part(object? part, long otherwise) => part is null ? otherwise : Integer(part) ?? throw run.Error($"{KindOf(part)} is no place to cut at");
        long Clamp(long at, long least, long most) => Math.Clamp(at < 0 ? at + count : at, least, most);
    }

    /// <summary>A whole number; null for anything else.</summary>
    public static long? Integer(object? value) => value switch { long n => n, bool b => b ? 1 : 0, _ => null };

    /// <summary>A number; null for anything else.</summary>
    public static double? Number(object? value) => value switch { long n => n, bool b => b ? 1 : 0, double x => x, _ => null };

    /// <summary>A value as Python writes it in a list.</summary>
    private static string Written(TemplateRun run, object? value)
    {
        StringBuilder text = new();
        Write(run, text, value, 0);
        run.Work(text.Length);
        return text.ToString();
    }

    private static void Write(TemplateRun run, StringBuilder text, object? value, int depth)
    {
        run.Step();
        if (depth > 50)
        {
            throw run.Error("a value is nested too deeply to be written");
        }

        switch (value)
        {
            case null:
                text.Append("None");
                break;
            case bool b:
                text.Append(b ? "True" : "False");
                break;
            case long n:
                text.Append(n.ToString(CultureInfo.InvariantCulture));
                break;
            case double x:
                text.Append(Float(x));
                break;
            case string s:
                char quote = s.Contains('\'', StringComparison.Ordinal) && !s.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
                text.Append(quote).Append(s.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace(quote.ToString(), $"\\{quote}", StringComparison.Ordinal)).Append(quote);
                break;
            case IReadOnlyDictionary<string, object?> map:
                text.Append('{');
                WriteAll(map, pair =>
                {
                    Write(run, text, pair.Key, depth + 1);
                    text.Append(": ");
                    Write(run, text, pair.Value, depth + 1);
                });
                text.Append('}');
                break;
            case IReadOnlyList<object?> list:
                text.Append('[');
                WriteAll(list, entry => Write(run, text, entry, depth + 1));
                text.Append(']');
                break;
            case TemplateUndefined:
                text.Append("Undefined");
                break;
            default:
                throw run.Error($"{KindOf(value)} cannot be written");
        }

        void WriteAll<T>(IEnumerable<T> entries, Action<T> write)
        {
            bool first = true;
            foreach (T entry in entries)
            {
                text.Append(first ? string.Empty : ", ");
                first = false;
                write(entry);
            }
        }
    }

    /// <summary>A number with a decimal point, as Python writes it.</summary>
    public static string Float(double x)
    {
        string text = x.ToString("R", CultureInfo.InvariantCulture);
        return text.All(c => char.IsAsciiDigit(c) || c == '-') ? text + ".0" : text.Replace("E", "e", StringComparison.Ordinal);
    }

    private static string Searched(TemplateRun run, string text)
    {
        run.Work(text.Length);
        return text;
    }
}
