using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Switchyard.Native;

/// <summary>Where .NET, NuGet and TorchSharp put native libraries on Linux, in the order in which .NET probes them.</summary>
internal static class NativeFolders
{
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "An empty location is expected there, and handled.")]
    public static IEnumerable<string> Of(Assembly assembly)
    {
        string native = Path.Combine("runtimes", $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}", "native");
        foreach (string folder in ((AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            yield return folder;
        string managed = assembly.Location;
        foreach (string? folder in (string?[])[managed.Length == 0 ? null : Path.GetDirectoryName(managed), AppContext.BaseDirectory])
        {
            if (string.IsNullOrEmpty(folder))
                continue;
            yield return folder;
            yield return Path.Combine(folder, native);
            yield return Path.GetFullPath(Path.Combine(folder, "..", "..", native)); // a package: lib/net8.0 beside runtimes
        }
    }

    /// <summary>The first of the folders that holds a file of that name, as the whole path; null if none does.</summary>
    public static string? Find(string fileName, IEnumerable<string> folders) =>
        folders.Select(folder => Path.Combine(folder, fileName)).FirstOrDefault(File.Exists);

    /// <summary>The path under which a library is loaded in this process, or null.</summary>
    public static string? Loaded(string fileName)
    {
        try
        {
            // address perms offset device inode path
            return File.ReadLines("/proc/self/maps")
                .Select(line => line.IndexOf('/', StringComparison.Ordinal) is >= 0 and int at ? line[at..] : "")
                .FirstOrDefault(path => Path.GetFileName(path) == fileName && File.Exists(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
