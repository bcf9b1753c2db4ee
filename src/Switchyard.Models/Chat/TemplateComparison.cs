namespace Switchyard.Models.Chat;

/// <summary>The operators of comparison, on values of every kind.</summary>
internal static class TemplateComparison
{
    public static bool Holds(TemplateRun run, string symbol, object? a, object? b) => symbol switch
    {
        "==" => Same(run, a, b),
        "!=" => !Same(run, a, b),
        "in" => In(run, a, b),
        "not in" => !In(run, a, b),
        "<" => Compare(run, a, b) < 0,
        "<=" => Compare(run, a, b) <= 0,
        ">" => Compare(run, a, b) > 0,
        _ => Compare(run, a, b) >= 0,
    };

    public static bool Same(TemplateRun run, object? a, object? b)
    {
        run.Step();
        run.Handled(a);
        return (a, b) switch
        {
            (TemplateUndefined, TemplateUndefined) => true,
            (string x, string y) => string.Equals(x, y, StringComparison.Ordinal),
            (IReadOnlyList<object?> x, IReadOnlyList<object?> y) => x.Count == y.Count && x.Zip(y).All(p => Same(run, p.First, p.Second)),
            (IReadOnlyDictionary<string, object?> x, IReadOnlyDictionary<string, object?> y) => x.Count == y.Count && x.All(p => y.TryGetValue(p.Key, out object? other) && Same(run, p.Value, other)),
            _ => TemplateValues.Number(a) is { } x && TemplateValues.Number(b) is { } y ? x == y : Equals(a, b),
        };
    }

    /// <summary>Order of two numbers, strings or lists.</summary>
    public static int Compare(TemplateRun run, object? a, object? b)
    {
        run.Step();
        run.Handled(a);
        if (a is string s && b is string t)
        {
            return string.CompareOrdinal(s, t);
        }

        if (a is IReadOnlyList<object?> x && b is IReadOnlyList<object?> y)
        {
            foreach ((object? first, object? second) in x.Zip(y))
            {
                if (!Same(run, first, second))
                {
                    return Compare(run, first, second);
                }
            }

            return x.Count.CompareTo(y.Count);
        }

        return a is long m && b is long n ? m.CompareTo(n)
            : TemplateValues.Number(a) is { } p && TemplateValues.Number(b) is { } q ? p.CompareTo(q)
            : throw run.Error($"{TemplateValues.KindOf(a)} cannot be compared with {TemplateValues.KindOf(b)}");
    }

    public static bool In(TemplateRun run, object? value, object? container)
    {
        switch (container)
        {
            case string text:
                string part = value as string ?? throw run.Error($"{TemplateValues.KindOf(value)} cannot be sought in a string");
                run.Search(text, part);
                return text.Contains(part, StringComparison.Ordinal);
            case IReadOnlyDictionary<string, object?> map:
                return value is string key && map.ContainsKey(key);
            default:
                return TemplateValues.List(run, container).Any(v => Same(run, v, value));
        }
    }
}
