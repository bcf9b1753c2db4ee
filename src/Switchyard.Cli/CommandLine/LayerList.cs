using System.Globalization;

namespace Switchyard.Cli.CommandLine;

/// <summary>Layers as they are written: numbers and ranges of them, joined by commas.</summary>
internal static class LayerList
{
    private const int Most = 1 << 12;

    /// <summary>The layers, ascending.</summary>
    /// <exception cref="ConfigurationException">A part is neither a layer nor a range of them.</exception>
    public static IReadOnlyList<int> Parse(string list)
    {
        SortedSet<int> numbers = [];
        foreach (string part in list.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-');
            if (ends.Length is not (1 or 2) || !Array.TrueForAll(ends, e => int.TryParse(e, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n < Most))
            {
                throw new ConfigurationException($"--layers {list}: '{part}' is neither a layer nor a range of them, such as 2-5");
            }

            numbers.UnionWith(Enumerable.Range(int.Parse(ends[0], CultureInfo.InvariantCulture), Math.Max(0, int.Parse(ends[^1], CultureInfo.InvariantCulture) - int.Parse(ends[0], CultureInfo.InvariantCulture) + 1)));
        }

        return [.. numbers];
    }
}
