using System.Reflection;
using System.Text.Json;

namespace Switchyard.Training.Configuration;

/// <summary>The configurations that come with the product, as JSON in this assembly.</summary>
public static class Preset
{
    private const string Prefix = "Switchyard.Training.Configuration.Presets.";

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^".json".Length])
            .OrderBy(n => n.Length).ThenBy(n => n, StringComparer.Ordinal),
    ];

    /// <summary>Reads a preset.</summary>
    /// <exception cref="ConfigurationException">No preset has the name.</exception>
    public static RunConfig Get(string name)
    {
        using StreamReader reader = new(Open(name));
        return ConfigFile.Parse(reader.ReadToEnd(), $"preset {name}");
    }

    /// <summary>The sentence that a preset says of itself, read without the rest: <c>--help</c> and every usage error need it.</summary>
    /// <exception cref="ConfigurationException">No preset has the name.</exception>
    public static string Summary(string name)
    {
        using Stream stream = Open(name);
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.GetProperty("summary").GetString()!;
    }

    private static Stream Open(string name) =>
        Assembly.GetExecutingAssembly().GetManifestResourceStream($"{Prefix}{name}.json")
        ?? throw new ConfigurationException($"unknown preset '{name}'; did you mean '{NearestName.Of(name, Names)}'? Known: {string.Join(", ", Names)}");
}
