using System.Collections.Concurrent;
using Switchyard.Kernels;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The kernels' thread teams, one for each number of threads that torch was told to use. They live as long as the process.</summary>
internal static class KernelEngines
{
    private static readonly ConcurrentDictionary<int, Lazy<KernelEngine>> Engines = new();

    public static KernelEngine Current => Engines.GetOrAdd(
        Math.Clamp(get_num_threads(), 1, KernelOptions.MaxThreads),
        threads => new Lazy<KernelEngine>(() => new KernelEngine(KernelOptions.FromEnvironment() with { Threads = threads }))).Value;
}
