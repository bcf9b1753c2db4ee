using System.Reflection;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The files that a report carries inside itself: our style and script, and plotly.js out of the Plotly.NET package.</summary>
internal static class ReportAssets
{
    public static string Style() => OwnText("report.css").Replace("/*DARK*/", OwnText("dark.css"));

    /// <summary>Our scripts, in a scope of their own.</summary>
    public static string Script() => $"\"use strict\";\n(() => {{\n{OwnText("figures.js")}\n{OwnText("report.js")}}})();\n";

    /// <summary>plotly.js with its licences, as the package's assembly embeds them.</summary>
    /// <exception cref="InvalidOperationException">The assembly does not hold the script.</exception>
    public static string Plotly()
    {
        Assembly assembly = typeof(Plotly.NET.GenericChart).Assembly;
        string script = Text(assembly, Resource(assembly, ".min.js"));
        string licences = Text(assembly, Resource(assembly, ".min.js.LICENSE.txt"));
        return $"{licences}\n{script}";
    }

    private static string Resource(Assembly assembly, string end) =>
        assembly.GetManifestResourceNames().FirstOrDefault(n => n.Contains("plotly-", StringComparison.Ordinal) && n.EndsWith(end, StringComparison.Ordinal))
        ?? throw new InvalidOperationException($"{assembly.GetName().Name} {assembly.GetName().Version} holds no plotly*{end}; the report needs the script that Plotly.NET 6.0.0 embeds");

    private static string OwnText(string name) => Text(typeof(CompareResult).Assembly, name);

    private static string Text(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{assembly.GetName().Name} lacks the resource '{name}'");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
