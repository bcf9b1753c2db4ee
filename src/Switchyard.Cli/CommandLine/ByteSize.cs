using System.Globalization;

namespace Switchyard.Cli.CommandLine;

/// <summary>Sizes of memory as they are written: a whole number and a unit.</summary>
internal static class ByteSize
{
    /// <summary>What a size looks like.</summary>
    public const string Form = "a whole number and a unit, such as 512MB, 2GB (powers of 1000) or 1GiB (powers of 1024)";

    private static readonly (string Name, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("B", 1),
    ];

    /// <summary>Bytes of a size; null for what is none, for 0 and for more than 2⁶³ − 1.</summary>
    public static long? Parse(string text)
    {
        (string name, long unit) = Array.Find(Units, u => text.EndsWith(u.Name, StringComparison.OrdinalIgnoreCase));
        return name is not null
            && long.TryParse(text[..^name.Length], NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            && count > 0 && count <= long.MaxValue / unit
            ? count * unit
            : null;
    }
}
