namespace Switchyard.Models.Chat;

/// <summary>What stands after <c>is</c>.</summary>
internal static class TemplateTests
{
    private static readonly Dictionary<string, TemplateTest> Known = new(StringComparer.Ordinal)
    {
        ["defined"] = (_, v, _) => v is not TemplateUndefined,
        ["undefined"] = (_, v, _) => v is TemplateUndefined,
        ["none"] = (_, v, _) => v is null,
        ["string"] = (_, v, _) => v is string,
        ["boolean"] = (_, v, _) => v is bool,
        ["integer"] = (_, v, _) => v is long,
        ["float"] = (_, v, _) => v is double,
        ["number"] = (_, v, _) => v is long or double or bool,
        ["mapping"] = (_, v, _) => v is IReadOnlyDictionary<string, object?>,
        ["sequence"] = (_, v, _) => v is string or IReadOnlyList<object?> or IReadOnlyDictionary<string, object?> or TemplateUndefined,
        ["iterable"] = (_, v, _) => v is string or IReadOnlyList<object?> or IReadOnlyDictionary<string, object?> or TemplateUndefined,
        ["callable"] = (_, v, _) => v is TemplateFunction,
        ["true"] = (_, v, _) => v is true,
        ["false"] = (_, v, _) => v is false,
        ["even"] = (run, v, _) => Whole(run, v) % 2 == 0,
        ["odd"] = (run, v, _) => Whole(run, v) % 2 != 0,
        ["divisibleby"] = (run, v, a) => TemplateArithmetic.Apply(run, "%", Whole(run, v), Whole(run, Other(run, a))) is 0L,
        ["sameas"] = (run, v, a) => v?.GetType() == Other(run, a)?.GetType() && TemplateComparison.Same(run, v, Other(run, a)),
        ["in"] = Compared("in"),
        ["=="] = Compared("=="),
        ["eq"] = Compared("=="),
        ["equalto"] = Compared("=="),
        ["!="] = Compared("!="),
        ["ne"] = Compared("!="),
        [">"] = Compared(">"),
        ["gt"] = Compared(">"),
        ["greaterthan"] = Compared(">"),
        [">="] = Compared(">="),
        ["ge"] = Compared(">="),
        ["<"] = Compared("<"),
        ["lt"] = Compared("<"),
        ["lessthan"] = Compared("<"),
        ["<="] = Compared("<="),
        ["le"] = Compared("<="),
    };

    /// <summary>Finds a test; null where it is not known.</summary>
    public static TemplateTest? Find(string name) => Known.GetValueOrDefault(name);

    private static TemplateTest Compared(string symbol) => (run, value, arguments) => TemplateComparison.Holds(run, symbol, value, Other(run, arguments));

    private static object? Other(TemplateRun run, TemplateArguments arguments) => arguments.Require(run, 1, "other").Get(0, "other");

    private static long Whole(TemplateRun run, object? value) =>
        TemplateValues.Integer(value) ?? throw run.Error($"{TemplateValues.KindOf(value)} is no whole number");
}
