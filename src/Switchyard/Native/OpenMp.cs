using System.Runtime.InteropServices;

namespace Switchyard.Native;

/// <summary>How libtorch's OpenMP threads wait.</summary>
public static partial class OpenMp
{
    /// <summary>
    /// Lets them sleep between parallel regions (<c>OMP_WAIT_POLICY=passive</c>) unless the environment says otherwise. Left alone they spin, and take the cores from the
    /// expert kernels' threads and from other processes. Call it before torch is loaded; on Linux alone it does something.
    /// </summary>
    public static void SleepBetweenRegions()
    {
        if (OperatingSystem.IsLinux())
        {
            // The runtime's own setter keeps a copy that native code never sees.
            _ = SetEnvironment("OMP_WAIT_POLICY", "passive", overwrite: 0);
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
