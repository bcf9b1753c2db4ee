using System.Runtime.InteropServices;
using Switchyard.Native;

namespace Switchyard.Peers.Layers;

/// <summary>Two OpenMP libraries live in the process: that of torch, whose threads must sleep between regions, for they do no more than prepare our own work, and the system's, on which ggml runs and whose threads must not.</summary>
internal static partial class OpenMpWait
{
    private const string Variable = "OMP_WAIT_POLICY";

    /// <summary>Loads torch with threads that sleep, and leaves the environment as it was for ggml.</summary>
    public static void LoadTorch()
    {
        bool asked = Environment.GetEnvironmentVariable(Variable) is not null;
        OpenMp.SleepBetweenRegions();
        LargeBlocks.Keep();
        LibTorch.Load();
        _ = TorchSharp.torch.get_num_threads();
        if (!asked && OperatingSystem.IsLinux())
        {
            _ = Unset(Variable);
        }
    }

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unset(string name);
}
