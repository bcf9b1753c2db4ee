using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Switchyard.Native;

/// <summary>Folders and files that this user owns and no one else can write.</summary>
[SupportedOSPlatform("linux")]
internal static partial class UserOnly
{
    public const UnixFileMode FileRights = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode FolderRights = FileRights | UnixFileMode.UserExecute;

    /// <summary>Makes a folder, and whatever lacks above it, for this user alone; takes others' rights from one that is there.</summary>
    /// <exception cref="IOException">It cannot be made, or it, or the folder in which it would be made, is another user's.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be made for want of rights.</exception>
    public static void CreateFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            // Never in another's home: with `sudo` HOME may still be that of the caller, who could then not write there any more.
            string parent = Path.GetDirectoryName(folder) ?? throw new IOException($"'{folder}' is no folder for a cache.");
            if (Directory.Exists(parent))
                RequireOwn(parent);
            else
                CreateFolder(parent);
            Directory.CreateDirectory(folder, FolderRights);
        }
        RequireOwn(folder);
        if (File.GetUnixFileMode(folder) != FolderRights)
            File.SetUnixFileMode(folder, FolderRights);
    }

    /// <summary>Whether the path is a plain file (no link) that this user owns, with no rights for others.</summary>
    public static bool IsFile(string path) =>
        new FileInfo(path) is { Exists: true, LinkTarget: null } && File.GetUnixFileMode(path) == FileRights && Owner(path) == EffectiveUser();

    private static void RequireOwn(string folder)
    {
        if (Owner(folder) != EffectiveUser())
            throw new IOException($"'{folder}' belongs to another user.");
    }

    private static unsafe uint? Owner(string path)
    {
        const int currentFolder = -100, followNoLink = 0x100;
        const uint wantOwner = 8;
        byte* answer = stackalloc byte[256]; // struct statx: the mask of what was answered at 0, the owner at 20
        return StatX(currentFolder, path, followNoLink, wantOwner, answer) == 0 && (*(uint*)answer & wantOwner) != 0 ? *(uint*)(answer + 20) : null;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* answer);
}
