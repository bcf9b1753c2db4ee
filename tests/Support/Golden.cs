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

        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", ".."));
        return Existing(Path.Combine(root, "tests", "golden", name))
            ?? Existing(Path.Combine(root, "..", "shared", "golden", name));
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

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
