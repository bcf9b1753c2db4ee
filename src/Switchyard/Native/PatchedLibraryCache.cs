using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace Switchyard.Native;

/// <summary>
/// Keeps patched copies of a native library in a folder of the user's cache, each under the SHA-256 of its original. A copy that
/// is not, byte for byte, what was expected is replaced; it is written under a name of its own and renamed, so that other
/// processes see either nothing or all of it.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class PatchedLibraryCache
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateFolder = Private | UnixFileMode.UserExecute;

    /// <summary><c>$XDG_CACHE_HOME/switchyard/native</c>, or the same under <c>~/.cache</c>; null where there is no home.</summary>
    public static string? UserFolder()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache) || !Path.IsPathRooted(cache))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (home.Length == 0)
                return null;
            cache = Path.Combine(home, ".cache");
        }
        return Path.Combine(cache, "switchyard", "native");
    }

    /// <summary>The path of the copy in the folder, written if it is not there or is not as it should be.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">As above, for want of rights.</exception>
    public static string Store(string folder, string fileName, ReadOnlySpan<byte> original, ReadOnlySpan<byte> patched)
    {
        string path = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(fileName)}-{Convert.ToHexStringLower(SHA256.HashData(original))}.so");
        Directory.CreateDirectory(folder, PrivateFolder);
        if (Holds(path, patched))
            return path;
        string temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private }))
                stream.Write(patched);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
        return Holds(path, patched) ? path : throw new IOException($"'{path}' was changed by someone else while it was written.");
    }

    private static bool Holds(string path, ReadOnlySpan<byte> expected) =>
        new FileInfo(path) is { Exists: true, LinkTarget: null } info && info.Length == expected.Length
        && File.ReadAllBytes(path).AsSpan().SequenceEqual(expected);
}
