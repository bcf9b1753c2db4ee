using System.Runtime.CompilerServices;
using Switchyard.Native;
using static TorchSharp.torch;

namespace Switchyard.TestSupport;

/// <summary>Tests work on tiny tensors, and several test processes share the machine: one torch thread is fastest. Tests of thread counts set their own.</summary>
internal static class TorchThreads
{
    [ModuleInitializer]
    public static void UseOne()
    {
        OpenMp.SleepBetweenRegions();
        LibTorch.Load();
        set_num_threads(1);
    }
}
