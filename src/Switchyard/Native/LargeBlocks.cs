using System.Runtime.InteropServices;

namespace Switchyard.Native;

/// <summary>How glibc's allocator treats the large temporaries that torch allocates and frees in every step.</summary>
public static partial class LargeBlocks
{
    private const int TrimThreshold = -1;
    private const int MapMaximum = -4;

    /// <summary>
    /// Keeps freed blocks in the process instead of giving their pages back and faulting them in again: the resident set stays at its peak, and steps of small models run nearly
    /// twice as fast. On Linux with glibc alone it does something. An application decides this for itself; the command line does it.
    /// </summary>
    public static void Keep()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = SetOption(MapMaximum, 0);
            _ = SetOption(TrimThreshold, int.MaxValue);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library, which has no such options.
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
