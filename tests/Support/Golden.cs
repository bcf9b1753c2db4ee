using System.Runtime.CompilerServices;

namespace Switchyard.TestSupport;

/// <summary>Finds the reference numbers that tests compare with: SWITCHYARD_GOLDEN, else tests/golden, else shared/golden beside the checkout.</summary>
internal static class Golden
{
    public static string? Folder(string name)
    {
        if (Environment.GetEnvironmentVariable("SWITCHYARD_GOLDEN") is { Length: > 0 } named)
        {
            return Existing(Path.Combine(named, name));
        }

        return Existing(Path.Combine(Root(), "tests", "golden", name))
            ?? Existing(Path.Combine(Root(), "..", "shared", "golden", name));
    }

    /// <summary>The folders within a folder, in whichever places there are, as names for <see cref="Folder"/>.</summary>
    public static IReadOnlyList<string> Folders(string name)
    {
        IEnumerable<string> places = Environment.GetEnvironmentVariable("SWITCHYARD_GOLDEN") is { Length: > 0 } named
            ? [named]
            : [Path.Combine(Root(), "tests", "golden"), Path.Combine(Root(), "..", "shared", "golden")];
        return [.. places.Select(p => Path.Combine(p, name)).Where(Directory.Exists).SelectMany(Directory.GetDirectories)
            .Select(d => $"{name}/{Path.GetFileName(d)}").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>The files of a folder that match a pattern, as theory data; a placeholder that is skipped where there are none.</summary>
    public static TheoryData<string> Files(string folder, string pattern = "*.safetensors")
    {
        string[] files = Folder(folder) is { } path ? Directory.GetFiles(path, pattern) : [];
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length > 0 ? [.. files.Select(f => Path.GetFileName(f))] : [""];
    }

    /// <summary>Opens a file named by <see cref="Files"/>, or skips the test.</summary>
    public static GoldenFile Open(string folder, string file)
    {
        Assert.SkipWhen(file.Length == 0, $"no reference numbers '{folder}' found");
        return GoldenFile.Read(Path.Combine(Folder(folder)!, file));
    }

    private static string? Existing(string path) => Directory.Exists(path) ? path : null;

    /// <summary>The root of the repository.</summary>
    public static string Root() => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", ".."));

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
