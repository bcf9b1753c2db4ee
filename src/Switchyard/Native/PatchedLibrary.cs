using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Switchyard.Native;

/// <summary>
/// Loads a native library that this system refuses for the sake of versions it does not use: as a copy in which those needs are
/// weak, from the user's cache, or, where that cannot be used, from a private temporary folder that is gone once it is loaded.
/// </summary>
/// <param name="library">The path of the library.</param>
/// <param name="refusal">The loader's reason for refusing it.</param>
/// <param name="load">What loads a path, and throws <see cref="DllNotFoundException"/> if it cannot; the runtime's loader if null.</param>
[SupportedOSPlatform("linux")]
internal sealed class PatchedLibrary(string library, string refusal, Func<string, nint>? load = null)
{
    private readonly Func<string, nint> load = load ?? NativeLibrary.Load;
    private readonly List<string> attempts = [];
    private IReadOnlyList<ElfVersionNeed> needs = [];

    /// <summary>The handle of the loaded copy.</summary>
    /// <param name="cacheFolder">Where copies are kept; null for nowhere.</param>
    /// <exception cref="LibTorchLoadException">No copy could be loaded either; the message begins with the loader's reason.</exception>
    public nint Load(string? cacheFolder)
    {
        try
        {
            byte[] original = File.ReadAllBytes(library);
            needs = ElfVersionNeeds.Read(original);
            var (patched, weakened) = ElfVersionNeeds.WeakenIdle(original);
            if (weakened.Count == 0)
                throw Failure(null);
            string fileName = Path.GetFileName(library);
            if (cacheFolder is not null && TryLoad(() => PatchedLibraryCache.Store(cacheFolder, fileName, original, patched), out nint handle))
                return handle;

            string? temporary = null;
            try
            {
                if (TryLoad(() => PatchedLibraryCache.Store(temporary = Directory.CreateTempSubdirectory("switchyard-").FullName, fileName, original, patched), out handle))
                    return handle;
            }
            finally
            {
                if (temporary is not null)
                    Directory.Delete(temporary, recursive: true);
            }
            throw Failure(null);
        }
        catch (Exception e) when (e is ElfFormatException or IOException or UnauthorizedAccessException)
        {
            attempts.Add($"'{library}' cannot be read: {e.Message}");
            throw Failure(e);
        }
    }

    private bool TryLoad(Func<string> store, out nint handle)
    {
        try
        {
            handle = load(store());
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or IOException or UnauthorizedAccessException)
        {
            attempts.Add($"A copy that asks for nothing it does not use: {(e is DllNotFoundException ? LoaderReason(e) : e.Message)}");
            handle = 0;
            return false;
        }
    }

    /// <summary>What the system's loader said, without the advice that the runtime puts before it.</summary>
    public static string LoaderReason(Exception error) =>
        error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [.., var last] ? last : error.Message;

    private LibTorchLoadException Failure(Exception? cause)
    {
        var lines = new List<string> { $"This system cannot load '{library}': {refusal}" };
        lines.AddRange(attempts);
        if (needs.Any(n => !n.Idle))
            lines.Add($"It really needs: {string.Join(", ", Newest(needs.Where(n => !n.Idle)))}, or newer.");
        return new(string.Join('\n', lines), cause);
    }

    /// <summary>Of each library and family of versions (<c>GLIBC</c>, <c>GLIBCXX</c>, <c>CXXABI</c>), the newest.</summary>
    private static IEnumerable<string> Newest(IEnumerable<ElfVersionNeed> needs) =>
        from need in needs
        let split = need.Version.LastIndexOf('_')
        let number = Version.TryParse(need.Version[(split + 1)..] + ".0"[..(need.Version.Contains('.', StringComparison.Ordinal) ? 0 : 2)], out var v) ? v : new Version()
        group (need.Version, number) by (need.Library, Family: split < 0 ? need.Version : need.Version[..split]) into family
        orderby family.Key.Library, family.Key.Family
        select $"{family.MaxBy(n => n.number).Version} of {family.Key.Library}";
}
