using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Runtime.Versioning;
using TorchSharp;

namespace Switchyard.Native;

/// <summary>
/// Makes TorchSharp's native library load on Linux systems whose libstdc++ is older than the one it was linked with (Debian 12,
/// Ubuntu 22.04, RHEL 9). It asks for <c>GLIBCXX_3.4.32</c> there, though it uses nothing of it.
/// </summary>
/// <remarks>
/// When the normal load of the library has failed, and only then, a copy of it is loaded in which the version needs that no
/// relocation uses are marked weak (one bit each), so that the loader goes on without them. The copy is kept in the user's cache
/// folder (<c>$XDG_CACHE_HOME/switchyard/native</c> or <c>~/.cache/switchyard/native</c>) and compared with what it must be
/// before each use. Nothing is loaded before the first use of torch.
/// </remarks>
public static class LibTorch
{
    private const string Name = "LibTorchSharp", FileName = "libLibTorchSharp.so", EngineFileName = "libtorch.so";

    private static readonly Lock Gate = new();
    private static bool subscribed;
    private static nint handle;
    private static LibTorchLoadException? failure;

    /// <summary>
    /// Prepares this process for the first use of torch; cheap, and harmless when repeated. The first use of anything in this
    /// assembly does it; call it where torch may be used before.
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

    /// <summary>
    /// Loads torch now, on Linux, so that what stands in the way is told: TorchSharp alone takes every failure for a missing
    /// package. Elsewhere it does nothing.
    /// </summary>
    /// <exception cref="LibTorchLoadException">There is no libtorch, or this system cannot load it; the message says why.</exception>
    public static void Load()
    {
        if (!OperatingSystem.IsLinux())
            return;
        EnsureLoadable();
        Assembly torchSharp = typeof(torch).Assembly;
        if (!NativeLibrary.TryLoad(Name, torchSharp, searchPath: null, out _))
            throw new LibTorchLoadException($"There is no libtorch for TorchSharp. Reference its package (libtorch-cpu-linux-x64, or one for CUDA) from the application. Looked in: {string.Join(", ", NativeFolders.Of(torchSharp).Where(Directory.Exists))}");
    }

#pragma warning disable CA2255 // Libraries do well without module initializers, but nothing else runs before a user's first use of torch.
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
            if (failure is not null)
                throw failure;
            try
            {
                return handle != 0 ? handle : handle = Load(assembly);
            }
            catch (LibTorchLoadException e)
            {
                failure = e;
                throw;
            }
        }
    }

    /// <summary>The handle of the library, or 0 where it or its engine is missing, which TorchSharp tells rightly.</summary>
    [SupportedOSPlatform("linux")]
    private static nint Load(Assembly assembly)
    {
        string[] folders = [.. NativeFolders.Of(assembly)];
        if (NativeFolders.Find(FileName, folders) is not { } library)
            return 0;

        // The engine first, found by the very probing that TorchSharp uses: libtorch_cpu.so loaded a second time from another
        // folder would abort the process. The rest of the engine lies beside it.
        NativeLibrary.TryLoad("torch_cpu", assembly, searchPath: null, out _);
        string? beside = Path.GetDirectoryName(NativeFolders.Loaded("libtorch_cpu.so"));
        if (NativeFolders.Find(EngineFileName, beside is null ? folders : [beside, .. folders]) is not { } engine)
            return 0;
        try
        {
            NativeLibrary.Load(engine);
        }
        catch (DllNotFoundException e)
        {
            throw new LibTorchLoadException($"This system cannot load '{engine}': {PatchedLibrary.LoaderReason(e)}", e);
        }

        try
        {
            return NativeLibrary.Load(library); // enough where the engine lies in another folder, as in NuGet's
        }
        catch (DllNotFoundException e)
        {
            return new PatchedLibrary(library, PatchedLibrary.LoaderReason(e)).Load(PatchedLibraryCache.UserFolder());
        }
    }
}
