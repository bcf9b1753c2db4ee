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

    /// <summary>What products of tokens of a type are computed in unless said otherwise: in bf16 where they are and the processor has an instruction for it, else in fp32.</summary>
    public static Arithmetic DefaultArithmetic(ScalarType tokens) =>
        tokens == ScalarType.BFloat16 && Current.IsAssembled(Arithmetic.Bf16) ? Arithmetic.Bf16 : Arithmetic.Fp32;
}
