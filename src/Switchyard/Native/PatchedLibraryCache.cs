using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace Switchyard.Native;

/// <summary>
/// Keeps patched copies of native libraries in a folder of this user alone, each named by the SHA-256 of its original. A copy that
/// is not, byte for byte, what was expected is replaced; it is written under a name of its own and renamed, so that other
/// processes see all of it or nothing.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class PatchedLibraryCache
{
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    /// <summary><c>$XDG_CACHE_HOME/switchyard/native</c>, or the same under <c>~/.cache</c>; null where there is no home.</summary>
    public static string? UserFolder()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache) || !Path.IsPathRooted(cache)) // relative ones are to be ignored, says its specification
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (home.Length == 0)
                return null;
            cache = Path.Combine(home, ".cache");
        }
        return Path.Combine(cache, "switchyard", "native");
    }

    /// <summary>The path of the copy in the folder, written if it is not there or is not as it should be.</summary>
    /// <exception cref="IOException">The folder cannot be written, or is another user's.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written for want of rights.</exception>
    public static string Store(string folder, string fileName, ReadOnlySpan<byte> original, ReadOnlySpan<byte> patched)
    {
        UserOnly.CreateFolder(folder);
        string name = $"{Path.GetFileNameWithoutExtension(fileName)}-{Convert.ToHexStringLower(SHA256.HashData(original))}.so";
        string path = Path.Combine(folder, name);
        if (Holds(path, patched))
            return path;

        DeleteAbandoned(folder, name);
        string temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UserOnly.FileRights }))
                stream.Write(patched);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
        return Holds(path, patched) ? path : throw new IOException($"'{path}' did not keep what was written to it.");
    }

    private static bool Holds(string path, ReadOnlySpan<byte> expected) =>
        UserOnly.IsFile(path) && new FileInfo(path).Length == expected.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(expected);

    /// <summary>What a process that was killed while writing has left.</summary>
    private static void DeleteAbandoned(string folder, string name)
    {
        foreach (string left in Directory.EnumerateFiles(folder, $"{name}.*"))
        {
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(left) > Abandoned)
                File.Delete(left);
        }
    }
}
