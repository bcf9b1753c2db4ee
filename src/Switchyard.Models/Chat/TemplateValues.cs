using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>What Python makes of values: null, bool, long, double, string, lists, and dictionaries with string keys.</summary>
internal static class TemplateValues
{
    /// <summary>A variable as templates know it.</summary>
    /// <exception cref="ArgumentException">It is of another type.</exception>
    public static object? Of(string name, object? value) => value switch
    {
        null or bool or long or double or string => value,
        int n => (long)n,
        float x => (double)x,
        IReadOnlyDictionary<string, object?> map => new OrderedDictionary<string, object?>(map.Select(p => KeyValuePair.Create(p.Key, Of(name, p.Value))), StringComparer.Ordinal),
        IEnumerable<object?> list => list.Select(v => Of(name, v)).ToList(),
        _ => throw new ArgumentException($"the variable '{name}' of the chat template holds {value.GetType().Name}, which templates do not know", nameof(value)),
    };

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
        _ => TemplateWriter.Write(run, value, TemplateNotation.Python),
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

    /// <summary>What a loop over a value goes through.</summary>
    public static IReadOnlyList<object?> List(TemplateRun run, object? value)
    {
        switch (value)
        {
            case IReadOnlyList<object?> list:
                run.Work(list.Count);
                return list;
            case TemplateUndefined:
                return [];
            case IReadOnlyDictionary<string, object?> map:
                run.MakeList(map.Count);
                return [.. map.Keys];
            case string text:
                run.MakeList(text.Length);
                return [.. text.EnumerateRunes().Select(r => r.ToString())];
            default:
                throw run.Error($"{KindOf(value)} cannot be gone through");
        }
    }

    /// <summary>What a filter goes through: the entries of <see cref="List"/>, each with its work counted.</summary>
    public static IEnumerable<object?> Entries(TemplateRun run, object? value)
    {
        IReadOnlyList<object?> list = List(run, value);
        run.MakeList(list.Count);
        return list.Select(run.Handled);
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

        return value switch
        {
            TemplateUndefined u => throw run.Error($"'{u.Name}' is undefined and has no entries"),
            IReadOnlyList<object?> list when Integer(index) is { } at => At(list, at),
            string text when Integer(index) is { } at => At([.. text.EnumerateRunes()], at) is Rune rune ? rune.ToString() : new TemplateUndefined($"character {at}"),
            _ => new TemplateUndefined($"an entry of {KindOf(value)}"),
        };
    }

    public static object Slice(TemplateRun run, object? value, object? from, object? to, object? step)
    {
        switch (value)
        {
            case string text:
                return string.Concat(Cut(run, [.. text.EnumerateRunes()], from, to, step));
            case IReadOnlyList<object?> list:
                run.MakeList(list.Count);
                return Cut(run, list, from, to, step);
            default:
                throw run.Error($"{KindOf(value)} cannot be cut");
        }
    }

    /// <summary>A whole number; null for anything else.</summary>
    public static long? Integer(object? value) => value switch { long n => n, bool b => b ? 1 : 0, _ => null };

    /// <summary>A number; null for anything else.</summary>
    public static double? Number(object? value) => value switch { long n => n, bool b => b ? 1 : 0, double x => x, _ => null };

    private static object? At<T>(IReadOnlyList<T> list, long at)
    {
        at = at < 0 ? at + list.Count : at;
        return at >= 0 && at < list.Count ? list[(int)at] : new TemplateUndefined($"entry {at}");
    }

    private static List<T> Cut<T>(TemplateRun run, IReadOnlyList<T> list, object? from, object? to, object? step)
    {
        long stride = Part(step) ?? 1;
        if (stride == 0)
        {
            throw run.Error("a slice has the step 0");
        }

        (long least, long most) = stride > 0 ? (0L, list.Count) : (-1L, list.Count - 1L);
        long begin = Place(from) ?? (stride > 0 ? least : most);
        long end = Place(to) ?? (stride > 0 ? most : least);
        stride = Math.Clamp(stride, -list.Count - 1L, list.Count + 1L);
        List<T> cut = [];
        for (long i = begin; stride > 0 ? i < end : i > end; i += stride)
        {
            cut.Add(list[(int)i]);
        }

        return cut;

        long? Part(object? part) => part is null ? null : Integer(part) ?? throw run.Error($"{KindOf(part)} is no place to cut at");
        long? Place(object? part) => Part(part) is { } at ? Math.Clamp(at < 0 ? at + list.Count : at, least, most) : null;
    }
}
