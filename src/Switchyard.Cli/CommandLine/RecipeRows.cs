using System.CommandLine.Parsing;

namespace Switchyard.Cli.CommandLine;

/// <summary>Rows of routing recipes on the command line, separated by commas.</summary>
internal static class RecipeRows
{
    public static string[] Split(string rows) => rows.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Adds an error where a row is no recipe, or stands twice.</summary>
    /// <param name="result">What was given.</param>
    /// <param name="except">A word that is none and may stand all the same.</param>
    public static void Check(OptionResult result, string? except = null)
    {
        try
        {
            if (result.Tokens.Any(t => Split(t.Value).Length == 0))
            {
                result.AddError($"{result.Option.Name} is empty; name at least one row, such as linear+dual");
            }

            string[] names = [.. result.Tokens.SelectMany(t => Split(t.Value)).Where(r => r != except).Select(row => RoutingRecipe.Parse(row).Name)];
            if (names.CountBy(n => n).FirstOrDefault(n => n.Value > 1).Key is { } twice)
            {
                result.AddError($"{result.Option.Name}: row '{twice}' stands twice");
            }
        }
        catch (ConfigurationException e)
        {
            result.AddError($"{result.Option.Name}: {e.Message}");
        }
    }
}
