namespace Switchyard.Models.Chat;

/// <summary>The arguments of a call, filter or test.</summary>
/// <param name="Name">What is called.</param>
/// <param name="Values">By position.</param>
/// <param name="Named">By name.</param>
internal sealed record TemplateArguments(string Name, IReadOnlyList<object?> Values, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>An argument by position or name; <paramref name="otherwise"/> where it is not given.</summary>
    public object? Get(int position, string name, object? otherwise = null) =>
        position < Values.Count ? Values[position] : Named.GetValueOrDefault(name, otherwise);

    /// <summary>Refuses more positions, or other names, than are known.</summary>
    public TemplateArguments Require(TemplateRun run, int atLeast, params string[] names)
    {
        string? unknown = Named.Keys.FirstOrDefault(k => !names.Contains(k, StringComparer.Ordinal));
        return unknown is not null ? throw run.Error($"'{Name}' has no argument '{unknown}' here")
            : Values.Count + Named.Count < atLeast ? throw run.Error($"'{Name}' needs {atLeast} argument{(atLeast == 1 ? string.Empty : "s")}")
            : Values.Count > names.Length ? throw run.Error($"'{Name}' takes {names.Length} arguments at most here, not {Values.Count}")
            : this;
    }
}
