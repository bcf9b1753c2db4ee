namespace Switchyard.Models.Chat;

/// <summary>A loop over values.</summary>
/// <param name="names">The names that each value is given; several names take it apart.</param>
/// <param name="values">What is gone through.</param>
/// <param name="condition">Which values count; null for all.</param>
/// <param name="body">What is done with each.</param>
/// <param name="otherwise">What is done where there is none.</param>
internal sealed class TemplateLoop(
    string[] names,
    TemplateExpression values,
    TemplateExpression? condition,
    TemplateStatement body,
    TemplateStatement? otherwise)
{
    /// <summary>Gives names to a value, or to the parts of one.</summary>
    public static void Unpack(TemplateRun run, string[] names, object? value)
    {
        if (names.Length == 1)
        {
            run.Set(names[0], value);
            return;
        }

        IReadOnlyList<object?> parts = TemplateValues.List(run, value);
        if (parts.Count != names.Length)
        {
            throw run.Error($"{names.Length} names stand for {parts.Count} values");
        }

        foreach ((string name, object? part) in names.Zip(parts))
        {
            run.Set(name, part);
        }
    }

    public TemplateFlow Run(TemplateRun run)
    {
        IReadOnlyList<object?> list = TemplateValues.List(run, values(run));
        if (condition is not null)
        {
            list = [.. list.Where(v => run.Scoped(() =>
            {
                run.Step();
                Unpack(run, names, v);
                return TemplateValues.Truth(condition(run));
            }))];
        }

        if (list.Count == 0)
        {
            return otherwise?.Invoke(run) ?? TemplateFlow.Next;
        }

        for (int i = 0; i < list.Count; i++)
        {
            int index = i;
            run.Step();
            TemplateFlow flow = run.Scoped(() =>
            {
                run.Set("loop", State(list, index));
                Unpack(run, names, list[index]);
                return body(run);
            });
            if (flow == TemplateFlow.Break)
            {
                break;
            }
        }

        return TemplateFlow.Next;
    }

    private static Dictionary<string, object?> State(IReadOnlyList<object?> list, int index) => new(StringComparer.Ordinal)
    {
        ["index"] = index + 1L,
        ["index0"] = (long)index,
        ["revindex"] = (long)list.Count - index,
        ["revindex0"] = list.Count - 1L - index,
        ["first"] = index == 0,
        ["last"] = index == list.Count - 1,
        ["length"] = (long)list.Count,
        ["previtem"] = index > 0 ? list[index - 1] : new TemplateUndefined("loop.previtem"),
        ["nextitem"] = index + 1 < list.Count ? list[index + 1] : new TemplateUndefined("loop.nextitem"),
        ["cycle"] = new TemplateFunction((run, arguments) => arguments.Values.Count > 0 ? arguments.Values[index % arguments.Values.Count] : throw run.Error("'cycle' needs values")),
    };
}
