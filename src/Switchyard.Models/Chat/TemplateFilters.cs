using System.Globalization;
using System.Runtime.ExceptionServices;

namespace Switchyard.Models.Chat;

/// <summary>What stands after <c>|</c>. Filters that have a method of the same name and meaning are that method.</summary>
internal static class TemplateFilters
{
    private static readonly Dictionary<string, TemplateFilter> Known = new(StringComparer.Ordinal)
    {
        ["trim"] = Method("strip"),
        ["upper"] = Method("upper"),
        ["lower"] = Method("lower"),
        ["capitalize"] = Method("capitalize"),
        ["replace"] = Method("replace"),
        ["title"] = Plain((run, v) => TemplateMethods.Titled(TemplateValues.Text(run, v), c => char.IsWhiteSpace(c) || c is '-' or '(' or '{' or '[' or '<')),
        ["tojson"] = Json,
        ["default"] = Default,
        ["d"] = Default,
        ["length"] = Plain((run, v) => Length(run, v)),
        ["count"] = Plain((run, v) => Length(run, v)),
        ["first"] = Plain((run, v) => TemplateValues.List(run, v) is [var first, ..] ? first : new TemplateUndefined("first of nothing")),
        ["last"] = Plain((run, v) => TemplateValues.List(run, v) is [.., var last] ? last : new TemplateUndefined("last of nothing")),
        ["list"] = Plain((run, v) => TemplateValues.Entries(run, v).ToList()),
        ["items"] = (run, v, a) => v is TemplateUndefined ? new List<object?>() : TemplateMethods.Call(run, v, "items", a),
        ["reverse"] = Plain((run, v) => v is string ? string.Concat(TemplateValues.Entries(run, v).Reverse()) : TemplateValues.Entries(run, v).Reverse().ToList()),
        ["join"] = Join,
        ["string"] = Plain(TemplateValues.Text),
        ["safe"] = Plain(TemplateValues.Text),
        ["int"] = Whole,
        ["float"] = Real,
        ["abs"] = Plain(TemplateArithmetic.Absolute),
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
    public static TemplateFilter? Find(string name) => Known.GetValueOrDefault(name);

    public static long Length(TemplateRun run, object? value) => value switch
    {
        TemplateUndefined => 0,
        string s => s.EnumerateRunes().LongCount(),
        IReadOnlyCollection<object?> list => list.Count,
        IReadOnlyDictionary<string, object?> map => map.Count,
        _ => throw run.Error($"{TemplateValues.KindOf(value)} has no length"),
    };

    /// <summary>What stands between the texts of entries.</summary>
    public static string Joined(TemplateRun run, object? value, string between, string? attribute = null)
    {
        string[] parts = [.. TemplateValues.Entries(run, value).Select(v => TemplateValues.Text(run, attribute is null ? v : Path(run, v, attribute)))];
        run.Make(parts.Sum(p => (long)p.Length + between.Length));
        return string.Join(between, parts);
    }

    /// <summary>The method of a string of that name, on the text of any value.</summary>
    private static TemplateFilter Method(string name) => (run, value, arguments) => TemplateMethods.String(run, name, TemplateValues.Text(run, value), arguments);

    /// <summary>A filter without arguments.</summary>
    private static TemplateFilter Plain(Func<TemplateRun, object?, object?> filter) => (run, value, arguments) =>
    {
        arguments.Require(run, 0);
        return filter(run, value);
    };

    private static object? Default(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "default_value", "boolean");
        return value is TemplateUndefined || (TemplateValues.Truth(arguments.Get(1, "boolean")) && !TemplateValues.Truth(value))
            ? arguments.Get(0, "default_value", string.Empty)
            : value;
    }

    private static object? Join(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "d", "attribute");
        return Joined(run, value, TemplateValues.Text(run, arguments.Get(0, "d", string.Empty)), AttributeName(run, arguments, 1));
    }

    private static object? Whole(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "default");
        return TemplateValues.Integer(value)
            ?? (long.TryParse(value as string, NumberStyles.Integer, CultureInfo.InvariantCulture, out long whole) ? whole
                : Parsed(value) is > long.MinValue and < long.MaxValue and var real ? (long)real
                : arguments.Get(0, "default", 0L));
    }

    private static object? Real(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "default");
        return Parsed(value) ?? arguments.Get(0, "default", 0.0);
    }

    private static double? Parsed(object? value) =>
        TemplateValues.Number(value) ?? (double.TryParse(value as string, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) ? parsed : null);

    /// <summary>JSON; the arguments are those of Python's <c>json.dumps</c>.</summary>
    private static object? Json(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "ensure_ascii", "indent", "separators", "sort_keys");
        int? indent = arguments.Get(1, "indent") is { } spaces ? Spaces(run, spaces) : null;
        TemplateNotation notation = TemplateNotation.Json with { Indent = indent, BetweenEntries = indent is null ? ", " : ",", SortedKeys = TemplateValues.Truth(arguments.Get(3, "sort_keys")) };
        notation = arguments.Get(2, "separators") switch
        {
            null => notation,
            IReadOnlyList<object?> and [string between, string afterKey] => notation with { BetweenEntries = between, AfterKey = afterKey },
            _ => throw run.Error("'tojson' takes two strings as separators"),
        };
        return TemplateWriter.Write(run, value, TemplateValues.Truth(arguments.Get(0, "ensure_ascii")) ? notation.Ascii() : notation);
    }

    private static object? Unique(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "case_sensitive", "attribute");
        bool exact = TemplateValues.Truth(arguments.Get(0, "case_sensitive"));
        string? attribute = AttributeName(run, arguments, 1);
        List<object?> kept = [];
        List<object?> seen = [];
        foreach (object? entry in TemplateValues.Entries(run, value))
        {
            object? key = Key(run, entry, attribute, exact);
            if (!seen.Exists(s => TemplateComparison.Same(run, s, key)))
            {
                seen.Add(key);
                kept.Add(entry);
            }
        }

        return kept;
    }

    private static object? Sort(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "reverse", "case_sensitive", "attribute");
        bool exact = TemplateValues.Truth(arguments.Get(1, "case_sensitive"));
        string? attribute = AttributeName(run, arguments, 2);
        IComparer<object?> order = Comparer<object?>.Create((a, b) => TemplateComparison.Compare(run, a, b));
        IEnumerable<object?> entries = TemplateValues.Entries(run, value);
        try
        {
            return (TemplateValues.Truth(arguments.Get(0, "reverse")) ? entries.OrderByDescending(ByKey, order) : entries.OrderBy(ByKey, order)).ToList();
        }
        catch (InvalidOperationException e) when (e.InnerException is ChatTemplateException or OperationCanceledException)
        {
            ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }

        object? ByKey(object? entry) => Key(run, entry, attribute, exact);
    }

    /// <summary>What an entry is ordered or told apart by.</summary>
    private static object? Key(TemplateRun run, object? entry, string? attribute, bool exact)
    {
        object? key = attribute is null ? entry : Path(run, entry, attribute);
        return key is string s && !exact ? s.ToLowerInvariant() : key;
    }

    /// <summary>An argument that names an attribute; null where it is not given.</summary>
    private static string? AttributeName(TemplateRun run, TemplateArguments arguments, int position) =>
        arguments.Get(position, "attribute") is { } name ? name as string ?? throw run.Error($"'{arguments.Name}' takes a string as attribute") : null;

    /// <summary>An attribute of an attribute …, separated by points.</summary>
    private static object? Path(TemplateRun run, object? value, string path) =>
        run.Handled(path.Split('.').Aggregate(value, (v, name) => TemplateValues.Attribute(run, v, name)));

    private static object? Map(TemplateRun run, object? value, TemplateArguments arguments)
    {
        if (arguments.Values.Count == 0)
        {
            arguments.Require(run, 1, "attribute", "default");
            string attribute = AttributeName(run, arguments, 0) ?? throw run.Error("'map' needs a filter's name or attribute=");
            return TemplateValues.Entries(run, value).Select(v => Path(run, v, attribute)).Select(v => v is TemplateUndefined ? arguments.Named.GetValueOrDefault("default", v) : v).ToList();
        }

        string name = arguments.Values[0] as string ?? throw run.Error("'map' needs a filter's name or attribute=");
        TemplateFilter filter = Find(name) ?? throw run.Error($"the filter '{name}' is not known");
        TemplateArguments rest = arguments with { Name = name, Values = [.. arguments.Values.Skip(1)] };
        return TemplateValues.Entries(run, value).Select(v => run.Handled(filter(run, v, rest))).ToList();
    }

    private static object? Select(TemplateRun run, object? value, TemplateArguments arguments, bool attribute, bool wanted)
    {
        string? path = attribute ? AttributeName(run, arguments, 0) ?? throw run.Error($"'{arguments.Name}' needs an attribute's name") : null;
        object?[] rest = [.. arguments.Values.Skip(attribute ? 1 : 0)];
        TemplateTest test = (_, v, _) => TemplateValues.Truth(v);
        if (rest.Length > 0)
        {
            string name = rest[0] as string ?? throw run.Error($"'{arguments.Name}' needs a test's name");
            test = TemplateTests.Find(name) ?? throw run.Error($"the test '{name}' is not known");
            arguments = arguments with { Name = name, Values = rest[1..] };
        }

        return TemplateValues.Entries(run, value).Where(v => test(run, path is null ? v : Path(run, v, path), arguments) == wanted).ToList();
    }

    private static object? Indented(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "width", "first", "blank");
        string space = arguments.Get(0, "width", 4L) is var width && width is string text ? text : new string(' ', Spaces(run, width));
        bool first = TemplateValues.Truth(arguments.Get(1, "first"));
        bool blank = TemplateValues.Truth(arguments.Get(2, "blank"));
        string indented = TemplateValues.Text(run, value);
        run.Make(indented.Length + ((indented.AsSpan().Count('\n') + 1L) * space.Length));
        return string.Join('\n', indented.Split('\n').Select((l, i) => (i == 0 ? first : blank || l.Length > 0) ? space + l : l));
    }

    private static int Spaces(TemplateRun run, object? value) =>
        TemplateValues.Integer(value) is >= 0 and <= 100 and var n ? (int)n : throw run.Error("an indentation is 0 to 100 spaces");
}
