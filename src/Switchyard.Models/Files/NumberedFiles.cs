using System.Globalization;
using System.Text.RegularExpressions;

namespace Switchyard.Models.Files;

/// <summary>Weights in several files without an index: <c>model-00001-of-0000N.safetensors</c> to <c>model-0000N-of-0000N.safetensors</c>, all of which must be there.</summary>
internal static partial class NumberedFiles
{
    private const int NamesListed = 3;

    /// <summary>Their names, in order; none where the folder has no such file.</summary>
    /// <exception cref="CheckpointFormatException">One is missing, or they are of several counts.</exception>
    public static IReadOnlyList<string> Of(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        HashSet<string> names = [.. Directory.EnumerateFiles(folder, "model-*-of-*.safetensors").Select(f => Path.GetFileName(f)).Where(n => Name().IsMatch(n))];
        int[] counts = [.. names.Select(n => int.Parse(Name().Match(n).Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)).Distinct()];
        if (counts.Length == 0)
        {
            return [];
        }

        if (counts.Length > 1)
        {
            throw new CheckpointFormatException(folder, null, $"there is no {CheckpointTensors.IndexFile}, and the files of weights are parts of {string.Join(" and of ", counts.Order())}: which belong together?");
        }

        string[] all = [.. Enumerable.Range(1, counts[0]).Select(i => $"model-{i:00000}-of-{counts[0]:00000}.safetensors")];
        string[] missing = [.. all.Where(n => !names.Contains(n))];
        if (names.Except(all, StringComparer.Ordinal).Order(StringComparer.Ordinal).FirstOrDefault() is { } stranger)
        {
            throw new CheckpointFormatException(Path.Combine(folder, stranger), null, $"there is no {CheckpointTensors.IndexFile}, and this is none of {counts[0]} files from 1 on.");
        }

        return missing.Length == 0
            ? all
            : throw new CheckpointFormatException(folder, null, $"there is no {CheckpointTensors.IndexFile}, and of {counts[0]} files of weights {missing.Length} are missing: {string.Join(", ", missing.Take(NamesListed))}{(missing.Length > NamesListed ? ", …" : string.Empty)}.");
    }

    [GeneratedRegex(@"^model-[0-9]{5}-of-([0-9]{5})\.safetensors$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
