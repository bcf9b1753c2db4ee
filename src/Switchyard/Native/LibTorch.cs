using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Runtime.Versioning;

namespace Switchyard.Native;

/// <summary>
/// Makes TorchSharp's native library load on Linux systems whose libstdc++ is older than the one it was linked with (Debian 12,
/// Ubuntu 22.04, RHEL 9). It asks for <c>GLIBCXX_3.4.32</c> there, though it uses nothing of it.
/// </summary>
/// <remarks>
/// When the normal load of the library has failed, and only then, a copy of it is loaded in which the version records that no
/// relocation needs are marked weak (one bit each), so that the loader goes on without them. The copy is kept in the user's cache
/// folder and compared with what it must be before each use. Nothing is loaded before the first use of torch.
/// </remarks>
public static class LibTorch
{
    private const string Name = "LibTorchSharp", FileName = "libLibTorchSharp.so";

    private static readonly Lock Gate = new();
    private static bool subscribed;
    private static nint handle;

    /// <summary>
    /// Prepares this process for the first use of torch; cheap, and harmless when repeated. Using any type of this assembly does it;
    /// call it only where torch may be used before.
    /// </summary>
    public static void EnsureLoadable()
    {
        if (!OperatingSystem.IsLinux())
            return;
        lock (Gate)
        {
            if (subscribed)
                return;
            subscribed = true;
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
            if (AssemblyLoadContext.GetLoadContext(typeof(LibTorch).Assembly) is { } own && own != AssemblyLoadContext.Default)
                own.ResolvingUnmanagedDll += Resolve;
        }
    }

#pragma warning disable CA2255 // A library does well to avoid these; here nothing else can run before a user's first use of torch.
    [ModuleInitializer]
    internal static void Initialize() => EnsureLoadable();
#pragma warning restore CA2255

    [SupportedOSPlatform("linux")]
    private static nint Resolve(Assembly assembly, string name)
    {
        if (name is not (Name or FileName))
            return 0;
        lock (Gate)
        {
            if (handle == 0)
                handle = Load(assembly);
            return handle;
        }
    }

    [SupportedOSPlatform("linux")]
    private static nint Load(Assembly assembly)
    {
        string[] folders = [.. NativeFolders.Of(assembly)];
        if (NativeFolders.Find(FileName, folders) is not { } library)
            return 0;

        // The engine first, by the very probing that TorchSharp uses: a second copy from elsewhere would abort the process.
        NativeLibrary.TryLoad("torch_cpu", assembly, searchPath: null, out _);
        string? engine = NativeFolders.Loaded("libtorch_cpu.so") is { } loaded
            ? Path.Combine(Path.GetDirectoryName(loaded)!, "libtorch.so")
            : NativeFolders.Find("libtorch.so", folders);
        if (engine is null || !NativeLibrary.TryLoad(engine, out _))
            return 0; // there is no libtorch: TorchSharp says so itself

        string reason;
        try
        {
            return NativeLibrary.Load(library);
        }
        catch (DllNotFoundException e)
        {
            reason = e.Message.Trim();
        }

        try
        {
            byte[] original = File.ReadAllBytes(library);
            var (patched, _) = ElfVersionNeeds.WeakenIdle(original);
            string copy = PatchedLibraryCache.Store(PatchedLibraryCache.UserFolder()!, FileName, original, patched);
            return NativeLibrary.Load(copy);
        }
        catch (Exception e) when (e is ElfFormatException or IOException or UnauthorizedAccessException or DllNotFoundException)
        {
            throw new LibTorchLoadException($"'{library}' cannot be loaded on this system: {reason}\nSwitchyard tried a copy without the needs that nothing uses: {e.Message}", e);
        }
    }
}
