using System.Buffers;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>The methods of strings, mappings and lists that templates call. None changes what it is called on.</summary>
internal static class TemplateMethods
{
    /// <summary>Calls a method.</summary>
    /// <exception cref="ChatTemplateException">The value has no such method.</exception>
    public static object? Call(TemplateRun run, object? value, string name, TemplateArguments arguments) => value switch
    {
        string s => String(run, name, s, arguments),
        IReadOnlyDictionary<string, object?> map when map.TryGetValue(name, out object? entry) && entry is TemplateFunction function => function(run, arguments),
        IReadOnlyDictionary<string, object?> map => Mapping(run, name, map, arguments),
        IReadOnlyList<object?> list => Sequence(run, name, list, arguments),
        TemplateUndefined u => throw run.Error($"'{u.Name}' is undefined and has no '{name}'"),
        _ => throw Unknown(run, value, name),
    };

    /// <summary>Calls a method of a string, whose work is counted already.</summary>
    public static object? String(TemplateRun run, string name, string text, TemplateArguments arguments) => name switch
    {
        "strip" => Strip(run, text, arguments, begin: true, end: true),
        "lstrip" => Strip(run, text, arguments, begin: true, end: false),
        "rstrip" => Strip(run, text, arguments, begin: false, end: true),
        "startswith" => Affixes(run, arguments).Any(a => text.StartsWith(a, StringComparison.Ordinal)),
        "endswith" => Affixes(run, arguments).Any(a => text.EndsWith(a, StringComparison.Ordinal)),
        "removeprefix" => Only(run, arguments, "prefix") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
        "removesuffix" => Only(run, arguments, "suffix") is var suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
        "split" => Split(run, text, arguments),
        "replace" => Replace(run, text, arguments),
        "join" => TemplateFilters.Joined(run, arguments.Require(run, 1, "list").Get(0, "list"), text),
        "find" => Place(text, text.IndexOf(Sought(run, text, arguments), StringComparison.Ordinal)),
        "rfind" => Place(text, text.LastIndexOf(Sought(run, text, arguments), StringComparison.Ordinal)),
        "count" => Sought(run, text, arguments) is { Length: > 0 } part ? text.AsSpan().Count(part) : TemplateFilters.Length(run, text) + 1,
        _ => Plain(run, name, text, arguments),
    };

    /// <summary>Each letter that begins a word as a capital, the others small.</summary>
    public static string Titled(string text, Func<char, bool> separates) =>
        string.Create(text.Length, (text, separates), (titled, from) =>
        {
            for (int i = 0; i < titled.Length; i++)
            {
                titled[i] = i == 0 || from.separates(from.text[i - 1]) ? char.ToUpperInvariant(from.text[i]) : char.ToLowerInvariant(from.text[i]);
            }
        });

    /// <summary>The methods without arguments.</summary>
    private static object Plain(TemplateRun run, string name, string text, TemplateArguments arguments)
    {
        object result = name switch
        {
            "upper" => text.ToUpperInvariant(),
            "lower" => text.ToLowerInvariant(),
            "capitalize" => text.Length > 0 ? text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant() : text,
            "title" => Titled(text, c => !char.IsLetter(c)),
            "splitlines" => Lines(run, text),
            "isdigit" => text.Length > 0 && text.All(char.IsDigit),
            "isalpha" => text.Length > 0 && text.All(char.IsLetter),
            "isspace" => text.Length > 0 && text.All(char.IsWhiteSpace),
            "isupper" => text.Any(char.IsUpper) && !text.Any(char.IsLower),
            "islower" => text.Any(char.IsLower) && !text.Any(char.IsUpper),
            _ => throw Unknown(run, text, name),
        };
        arguments.Require(run, 0);
        return result;
    }

    private static object? Mapping(TemplateRun run, string name, IReadOnlyDictionary<string, object?> map, TemplateArguments arguments)
    {
        switch (name)
        {
            case "get":
                return map.TryGetValue(Required(run, arguments.Require(run, 1, "key", "default"), 0), out object? found) ? found : arguments.Get(1, "default");
            case "items" or "keys" or "values":
                arguments.Require(run, 0);
                run.MakeList(map.Count * (name is "items" ? 4L : 1));
                return name switch
                {
                    "items" => map.Select(p => (object?)new List<object?> { p.Key, p.Value }).ToList(),
                    "keys" => map.Keys.ToList<object?>(),
                    _ => map.Values.ToList(),
                };
            default:
                throw Unknown(run, map, name);
        }
    }

    private static object Sequence(TemplateRun run, string name, IReadOnlyList<object?> list, TemplateArguments arguments)
    {
        object? sought = arguments.Require(run, 1, "value").Get(0, "value");
        return name switch
        {
            "count" => list.LongCount(v => TemplateComparison.Same(run, v, sought)),
            "index" => list.Index().FirstOrDefault(v => TemplateComparison.Same(run, v.Item, sought), (-1, null)).Index is >= 0 and var at ? (long)at : throw run.Error("a value is not in the list"),
            _ => throw Unknown(run, list, name),
        };
    }

    private static string Strip(TemplateRun run, string text, TemplateArguments arguments, bool begin, bool end)
    {
        HashSet<Rune>? dropped = arguments.Require(run, 0, "chars").Get(0, "chars") is { } chars
            ? [.. (chars as string ?? throw run.Error($"'{arguments.Name}' takes a string")).EnumerateRunes()]
            : null;
        ReadOnlySpan<char> rest = text;
        while (begin && Rune.DecodeFromUtf16(rest, out Rune first, out int length) == OperationStatus.Done && Drops(first))
        {
            rest = rest[length..];
        }

        while (end && Rune.DecodeLastFromUtf16(rest, out Rune last, out int length) == OperationStatus.Done && Drops(last))
        {
            rest = rest[..^length];
        }

        return rest.ToString();

        bool Drops(Rune rune) => dropped?.Contains(rune) ?? Rune.IsWhiteSpace(rune);
    }

    private static IEnumerable<string> Affixes(TemplateRun run, TemplateArguments arguments) =>
        arguments.Require(run, 1, "prefix").Get(0, "prefix") is IReadOnlyList<object?> several
            ? TemplateValues.Entries(run, several).Select(a => a as string ?? throw run.Error($"'{arguments.Name}' takes strings"))
            : [Required(run, arguments, 0)];

    private static List<object?> Split(TemplateRun run, string text, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "sep", "maxsplit");
        long most = arguments.Get(1, "maxsplit") is { } given ? TemplateValues.Integer(given) ?? throw run.Error("'split' takes a whole number as maxsplit") : -1;
        int parts = most is < 0 or >= int.MaxValue ? int.MaxValue : (int)most + 1;
        switch (arguments.Get(0, "sep"))
        {
            case null:
                run.MakeList(Math.Min(parts, text.Count(char.IsWhiteSpace) + 1L));
                return [.. text.TrimStart().Split((char[]?)null, parts, StringSplitOptions.RemoveEmptyEntries)];
            case string { Length: > 0 } separator:
                run.Search(text, separator);
                run.MakeList(Math.Min(parts, text.AsSpan().Count(separator) + 1L));
                return [.. text.Split(separator, parts)];
            default:
                throw run.Error("'split' takes a string that is not empty");
        }
    }

    private static List<object?> Lines(TemplateRun run, string text)
    {
        run.MakeList(text.AsSpan().CountAny("\n\r\f\u0085\u2028\u2029") + 1L);
        List<object?> lines = [];
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            lines.Add(line.ToString());
        }

        return lines is [.. var whole, ""] ? whole : lines;
    }

    private static string Replace(TemplateRun run, string text, TemplateArguments arguments)
    {
        arguments.Require(run, 2, "old", "new", "count");
        (string old, string fresh) = (Required(run, arguments, 0), Required(run, arguments, 1));
        if (arguments.Get(2, "count") is not null)
        {
            throw run.Error("'replace' with a count is not known");
        }

        if (old.Length == 0)
        {
            throw run.Error("'replace' of an empty string is not known");
        }

        run.Search(text, old);
        run.Make(text.Length + (text.AsSpan().Count(old) * ((long)fresh.Length - old.Length)));
        return text.Replace(old, fresh, StringComparison.Ordinal);
    }

    /// <summary>The place of a character as templates count it, by code points; -1 for none.</summary>
    private static long Place(string text, int at) => at < 0 ? at : text[..at].EnumerateRunes().LongCount();

    private static string Sought(TemplateRun run, string text, TemplateArguments arguments)
    {
        string part = Only(run, arguments, "sub");
        run.Search(text, part);
        return part;
    }

    private static string Only(TemplateRun run, TemplateArguments arguments, string name) => Required(run, arguments.Require(run, 1, name), 0);

    private static string Required(TemplateRun run, TemplateArguments arguments, int position) =>
        position < arguments.Values.Count && arguments.Values[position] is string text
            ? text
            : throw run.Error($"'{arguments.Name}' needs a string as argument {position + 1}");

    private static ChatTemplateException Unknown(TemplateRun run, object? value, string name) =>
        run.Error($"the method '{name}' of {TemplateValues.KindOf(value)} is not known");
}
