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

    public static object String(TemplateRun run, string name, string text, TemplateArguments arguments)
    {
        run.Work(text.Length);
        string? first = arguments.Get(0, "chars") as string;
        return name switch
        {
            "strip" => Strip(text, first, begin: true, end: true),
            "lstrip" => Strip(text, first, begin: true, end: false),
            "rstrip" => Strip(text, first, begin: false, end: true),
            "startswith" => Affixes(run, arguments).Any(a => text.StartsWith(a, StringComparison.Ordinal)),
            "endswith" => Affixes(run, arguments).Any(a => text.EndsWith(a, StringComparison.Ordinal)),
            "removeprefix" => Required(run, arguments, 0) is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
            "removesuffix" => Required(run, arguments, 0) is { Length: > 0 } suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
            "upper" => text.ToUpperInvariant(),
            "lower" => text.ToLowerInvariant(),
            "capitalize" => text.Length > 0 ? text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant() : text,
            "title" => Titled(text, c => !char.IsLetter(c)),
            "split" => Split(run, text, arguments),
            "splitlines" => (text.EndsWith('\n') ? text[..^1] : text) is { Length: > 0 } lines ? lines.Split('\n').Select(l => (object?)l.TrimEnd('\r')).ToList() : new List<object?>(),
            "replace" => Replace(run, text, Required(run, arguments, 0), Required(run, arguments, 1), arguments),
            "join" => TemplateFilters.Find("join")!(run, arguments.Require(run, 1, "list").Get(0, "list"), new TemplateArguments("join", [text], new Dictionary<string, object?>()))!,
            "find" => (long)text.IndexOf(Required(run, arguments, 0), StringComparison.Ordinal),
            "rfind" => (long)text.LastIndexOf(Required(run, arguments, 0), StringComparison.Ordinal),
            "count" => Required(run, arguments, 0) is { Length: > 0 } part ? (text.Length - text.Replace(part, string.Empty, StringComparison.Ordinal).Length) / (long)part.Length : text.Length + 1L,
            "isdigit" => text.Length > 0 && text.All(char.IsDigit),
            "isalpha" => text.Length > 0 && text.All(char.IsLetter),
            "isspace" => text.Length > 0 && text.All(char.IsWhiteSpace),
            "isupper" => text.Any(char.IsUpper) && !text.Any(char.IsLower),
            "islower" => text.Any(char.IsLower) && !text.Any(char.IsUpper),
            _ => throw Unknown(run, text, name),
        };
    }

    /// <summary>Each letter that begins a word as a capital, the others small.</summary>
    public static string Titled(string text, Func<char, bool> separates)
    {
        char[] titled = text.ToCharArray();
        for (int i = 0; i < titled.Length; i++)
        {
            titled[i] = i == 0 || separates(text[i - 1]) ? char.ToUpperInvariant(text[i]) : char.ToLowerInvariant(text[i]);
        }

        return new string(titled);
    }

    private static object? Mapping(TemplateRun run, string name, IReadOnlyDictionary<string, object?> map, TemplateArguments arguments)
    {
        run.Work(map.Count);
        return name switch
        {
            "items" => map.Select(p => (object?)new List<object?> { p.Key, p.Value }).ToList(),
            "keys" => map.Keys.Select(k => (object?)k).ToList(),
            "values" => map.Values.ToList(),
            "get" => map.TryGetValue(Required(run, arguments.Require(run, 1, "key", "default"), 0), out object? found) ? found : arguments.Get(1, "default"),
            _ => throw Unknown(run, map, name),
        };
    }

    private static object Sequence(TemplateRun run, string name, IReadOnlyList<object?> list, TemplateArguments arguments)
    {
        run.Work(list.Count);
        object? sought = arguments.Require(run, 1, "value").Get(0, "value");
        return name switch
        {
            "count" => list.LongCount(v => TemplateValues.Same(run, v, sought)),
            "index" => list.Index().FirstOrDefault(v => TemplateValues.Same(run, v.Item, sought), (-1, null)).Index is >= 0 and var at ? (long)at : throw run.Error("a value is not in the list"),
            _ => throw Unknown(run, list, name),
        };
    }

    private static string Strip(string text, string? characters, bool begin, bool end)
    {
        char[]? set = characters?.ToCharArray();
        text = begin ? text.TrimStart(set) : text;
        return end ? text.TrimEnd(set) : text;
    }

    private static IEnumerable<string> Affixes(TemplateRun run, TemplateArguments arguments) =>
        arguments.Require(run, 1, "prefix").Get(0, "prefix") is IReadOnlyList<object?> several ? several.Select(a => TemplateValues.Text(run, a)) : [Required(run, arguments, 0)];

    private static List<object?> Split(TemplateRun run, string text, TemplateArguments arguments)
    {
        arguments.Require(run, 0, "sep", "maxsplit");
        string? separator = arguments.Get(0, "sep") as string;
        long most = TemplateValues.Integer(arguments.Get(1, "maxsplit")) ?? -1;
        int parts = most is < 0 or >= int.MaxValue ? int.MaxValue : (int)most + 1;
        if (separator is { Length: 0 })
        {
            throw run.Error("'split' has an empty separator");
        }

        if (separator is not null)
        {
            return [.. text.Split(separator, parts)];
        }

        List<object?> words = [];
        string rest = text.TrimStart();
        while (rest.Length > 0 && words.Count < parts - 1)
        {
            int end = Array.FindIndex(rest.ToCharArray(), char.IsWhiteSpace);
            words.Add(end < 0 ? rest : rest[..end]);
            rest = end < 0 ? string.Empty : rest[end..].TrimStart();
            run.Work(rest.Length);
        }

        return rest.Length > 0 ? [.. words, parts == int.MaxValue ? rest : rest.TrimEnd()] : words;
    }

    private static string Replace(TemplateRun run, string text, string old, string fresh, TemplateArguments arguments)
    {
        arguments.Require(run, 2, "old", "new", "count");
        if (arguments.Get(2, "count") is not null)
        {
            throw run.Error("'replace' with a count is not known");
        }

        if (old.Length == 0)
        {
            throw run.Error("'replace' of an empty string is not known");
        }

        run.Work(text.Length + (text.Length / (long)old.Length * fresh.Length));
        return text.Replace(old, fresh, StringComparison.Ordinal);
    }

    private static string Required(TemplateRun run, TemplateArguments arguments, int position) =>
        position < arguments.Values.Count && arguments.Values[position] is string text
            ? text
            : throw run.Error($"'{arguments.Name}' needs a string as argument {position + 1}");

    private static ChatTemplateException Unknown(TemplateRun run, object? value, string name) =>
        run.Error($"the method '{name}' of {TemplateValues.KindOf(value)} is not known");
}
