using System.Globalization;
using System.Runtime.ExceptionServices;

namespace Switchyard.Models.Chat;

/// <summary>What stands after <c>|</c>. Filters that have a method of the same name and meaning are that method.</summary>
internal static class TemplateFilters
{
    private static readonly Dictionary<string, Func<TemplateRun, object?, TemplateArguments, object?>> Known = new(StringComparer.Ordinal)
    {
        ["trim"] = (run, v, a) => TemplateMethods.String(run, "strip", TemplateValues.Text(run, v), a),
        ["upper"] = (run, v, a) => TemplateMethods.String(run, "upper", TemplateValues.Text(run, v), a),
        ["lower"] = (run, v, a) => TemplateMethods.String(run, "lower", TemplateValues.Text(run, v), a),
        ["title"] = (run, v, _) => TemplateMethods.Titled(TemplateValues.Text(run, v), c => char.IsWhiteSpace(c) || c is '-' or '(' or '{' or '[' or '<'),
        ["capitalize"] = (run, v, a) => TemplateMethods.String(run, "capitalize", TemplateValues.Text(run, v), a),
        ["replace"] = (run, v, a) => TemplateMethods.String(run, "replace", TemplateValues.Text(run, v), a),
        ["tojson"] = (run, v, a) => TemplateJson.Write(run, v, (int?)Indent(run, a.Require(run, 0, "indent").Get(0, "indent"))),
        ["default"] = Default,
        ["d"] = Default,
        ["length"] = (run, v, _) => Length(run, v),
        ["count"] = (run, v, _) => Length(run, v),
        ["first"] = (run, v, _) => TemplateValues.List(run, v) is [var first, ..] ? first : new TemplateUndefined("first of nothing"),
        ["last"] = (run, v, _) => TemplateValues.List(run, v) is [.., var last] ? last : new TemplateUndefined("last of nothing"),
        ["list"] = (run, v, _) => TemplateValues.List(run, v).ToList(),
        ["items"] = (run, v, a) => v is TemplateUndefined ? new List<object?>() : TemplateMethods.Call(run, v, "items", a),
        ["reverse"] = (run, v, _) => v is string ? string.Concat(TemplateValues.List(run, v).Reverse()) : TemplateValues.List(run, v).Reverse().ToList(),
        ["join"] = Join,
        ["string"] = (run, v, _) => TemplateValues.Text(run, v),
        ["safe"] = (run, v, _) => TemplateValues.Text(run, v),
        ["int"] = (_, v, a) => TemplateValues.Number(v) is { } n && Math.Abs(n) < long.MaxValue ? (long)n : long.TryParse(v as string, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long parsed) ? parsed : a.Get(0, "default", 0L),
        ["float"] = (_, v, a) => TemplateValues.Number(v) ?? (double.TryParse(v as string, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) ? parsed : a.Get(0, "default", 0.0)),
        ["abs"] = (run, v, _) => TemplateValues.Integer(v) is { } n and not long.MinValue ? (object)Math.Abs(n) : v is double x ? Math.Abs(x) : throw run.Error($"{TemplateValues.KindOf(v)} has no absolute value"),
        ["unique"] = Unique,
        ["sort"] = Sort,
        ["map"] = Map,
        ["select"] = (run, v, a) => Select(run, v, a, attribute: false, wanted: true),
        ["reject"] = (run, v, a) => Select(run, v, a, attribute: false, wanted: false),
        ["selectattr"] = (run, v, a) => Select(run, v, a, attribute: true, wanted: true),
        ["rejectattr"] = (run, v, a) => Select(run, v, a, attribute: true, wanted: false),
        ["indent"] = Indented,
    };

    /// <summary>Finds a filter; null where it is not known.</summary>
    public static Func<TemplateRun, object?, TemplateArguments, object?>? Find(string name) => Known.GetValueOrDefault(name);

    public static long Length(TemplateRun run, object? value) => value switch
    {
        TemplateUndefined => 0,
        string s => s.EnumerateRunes().LongCount(),
        IReadOnlyCollection<object?> list => list.Count,
        IReadOnlyDictionary<string, object?> map => map.Count,
        _ => throw run.Error($"{TemplateValues.KindOf(value)} has no length"),
    };

    private static object? Default(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "default_value", "boolean");
        return value is TemplateUndefined || (TemplateValues.Truth(arguments.Get(1, "boolean")) && !TemplateValues.Truth(value))
            ? arguments.Get(0, "default_value", string.Empty)
            : value;
    }

    private static string Join(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "d", "attribute");
        string attribute = arguments.Get(1, "attribute") as string ?? string.Empty;
        string[] parts = [.. TemplateValues.List(run, value).Select(v => TemplateValues.Text(run, attribute.Length > 0 ? Path(run, v, attribute) : v))];
        string between = TemplateValues.Text(run, arguments.Get(0, "d", string.Empty));
        run.Work(parts.Sum(p => (long)p.Length + between.Length));
        return string.Join(between, parts);
    }

    private static List<object?> Unique(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "case_sensitive", "attribute");
        bool exact = TemplateValues.Truth(arguments.Get(0, "case_sensitive"));
        string? attribute = arguments.Get(1, "attribute") as string;
        List<object?> kept = [];
        List<object?> seen = [];
        foreach (object? entry in TemplateValues.List(run, value))
        {
            run.Work(seen.Count);
            object? key = Key(run, entry, attribute, exact);
            if (!seen.Exists(s => TemplateValues.Same(run, s, key)))
            {
                seen.Add(key);
                kept.Add(entry);
            }
        }

        return kept;
    }

    private static List<object?> Sort(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "reverse", "case_sensitive", "attribute");
        string? attribute = arguments.Get(2, "attribute") as string;
        bool exact = TemplateValues.Truth(arguments.Get(1, "case_sensitive"));
        List<object?> sorted;
        try
        {
            sorted = [.. TemplateValues.List(run, value).Order(Comparer<object?>.Create((a, b) => TemplateValues.Compare(run, Key(run, a, attribute, exact), Key(run, b, attribute, exact))))];
        }
        catch (InvalidOperationException e) when (e.InnerException is ChatTemplateException or OperationCanceledException)
        {
            ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }

        if (TemplateValues.Truth(arguments.Get(0, "reverse")))
        {
            sorted.Reverse();
        }

        return sorted;
    }

    /// <summary>What an entry is ordered or told apart by.</summary>
    private static object? Key(TemplateRun run, object? entry, string? attribute, bool exact)
    {
        run.Step();
        object? key = attribute is null ? entry : Path(run, entry, attribute);
        return key is string s && !exact ? s.ToLowerInvariant() : key;
    }

    /// <summary>An attribute of an attribute …, separated by points.</summary>
    private static object? Path(TemplateRun run, object? value, string path) =>
        path.Split('.').Aggregate(value, (v, name) => TemplateValues.Attribute(run, v, name));

    private static List<object?> Map(TemplateRun run, object? value, TemplateArguments arguments)
    {
        if (arguments.Named.GetValueOrDefault("attribute") is string attribute)
        {
            arguments.Require(run, 1, "attribute", "default");
            return [.. TemplateValues.List(run, value).Select(v => Path(run, v, attribute)).Select(v => v is TemplateUndefined ? arguments.Named.GetValueOrDefault("default", v) : v)];
        }

        string name = arguments.Get(0, "filter") as string ?? throw run.Error("'map' needs a filter's name or attribute=");
        Func<TemplateRun, object?, TemplateArguments, object?> filter = Find(name) ?? throw run.Error($"the filter '{name}' is not known");
        TemplateArguments rest = arguments with { Name = name, Values = [.. arguments.Values.Skip(1)] };
        return [.. TemplateValues.List(run, value).Select(v => filter(run, v, rest))];
    }

    private static List<object?> Select(TemplateRun run, object? value, TemplateArguments arguments, bool attribute, bool wanted)
    {
        int skipped = attribute ? 1 : 0;
        string? path = attribute ? arguments.Get(0, "attribute") as string ?? throw run.Error($"'{arguments.Name}' needs an attribute's name") : null;
        string? name = arguments.Values.Count > skipped ? arguments.Values[skipped] as string : null;
        Func<TemplateRun, object?, TemplateArguments, bool> test = name is null ? (_, v, _) => TemplateValues.Truth(v) : TemplateTests.Find(name) ?? throw run.Error($"the test '{name}' is not known");
        TemplateArguments rest = arguments with { Values = [.. arguments.Values.Skip(skipped + 1)] };
        return [.. TemplateValues.List(run, value).Where(v => test(run, path is null ? v : Path(run, v, path), rest) == wanted)];
    }

    private static string Indented(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "width", "first", "blank");
        string space = arguments.Get(0, "width") is string text ? text : new string(' ', (int)(Indent(run, arguments.Get(0, "width", 4L)) ?? 4));
        bool first = TemplateValues.Truth(arguments.Get(1, "first"));
        bool blank = TemplateValues.Truth(arguments.Get(2, "blank"));
        string[] lines = TemplateValues.Text(run, value).Split('\n');
        run.Work(lines.Sum(l => (long)l.Length + space.Length));
        return string.Join('\n', lines.Select((l, i) => (i == 0 ? first : blank || l.Length > 0) ? space + l : l));
    }

    private static long? Indent(TemplateRun run, object? value) =>
        value is null ? null : TemplateValues.Integer(value) is >= 0 and <= 100 and var n ? n : throw run.Error("an indentation is 0 to 100 spaces");
}
