using System.Text.RegularExpressions;
using Switchyard.Models.Files;

namespace Switchyard.Models.Checkpoints;

/// <summary>Puts tensors whose names differ in numbers alone together.</summary>
internal static partial class TensorGroups
{
    public static IReadOnlyList<TensorGroup> Of(IEnumerable<SafetensorsEntry> entries) =>
        [.. entries
            .GroupBy(e => (Pattern: Numbers().Replace(e.Name, "#"), e.Type, Shape: string.Join(',', e.Shape)))
            .Select(Group)
            .OrderBy(g => g.Name, StringComparer.Ordinal)];

    private static TensorGroup Group(IGrouping<(string Pattern, SafetensorsType Type, string Shape), SafetensorsEntry> group)
    {
        SafetensorsEntry[] entries = [.. group];
        long[][] numbers = [.. entries.Select(e => Numbers().Matches(e.Name).Select(m => long.TryParse(m.ValueSpan, out long n) ? n : -1).ToArray())];
        int at = 0;
        string name = Mark().Replace(group.Key.Pattern, _ =>
        {
            long low = numbers.Min(n => n[at]), high = numbers.Max(n => n[at]);
            at++;
            return low == high ? $"{low}" : $"{{{low}-{high}}}";
        });
        return new TensorGroup(name, group.Key.Type.ToString(), entries[0].Shape, entries.Length, entries.Sum(e => e.ByteLength));
    }

    /// <summary>Numbers that are a whole part of a dotted name.</summary>
    [GeneratedRegex(@"(?<=\.|^)\d+(?=\.|$)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Numbers();

    [GeneratedRegex(@"(?<=\.|^)#(?=\.|$)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Mark();
}
