using System.Collections.Concurrent;
using Switchyard.Kernels;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The kernels' thread teams, one for each number of threads: as many as torch was told to use, and at most the processors that the process may use: torch knows of affinity, the runtime of a cgroup's quota as well. They live as long as the process.</summary>
internal static class KernelEngines
{
    private static readonly ConcurrentDictionary<int, Lazy<KernelEngine>> Engines = new();

    /// <summary>Most threads of a team. More than the processors are of use to tests alone.</summary>
    internal static int MostThreads { get; set; } = Environment.ProcessorCount;

    public static KernelEngine Current => Engines.GetOrAdd(
        Math.Clamp(Math.Min(get_num_threads(), MostThreads), 1, KernelOptions.MaxThreads),
        threads => new Lazy<KernelEngine>(() => new KernelEngine(KernelOptions.FromEnvironment() with { Threads = threads }))).Value;

    /// <summary>
    /// What products of tokens of a type are computed in unless said otherwise: of tokens in bf16, in bf16 where the processor has an instruction for it, else with few tokens and integer weights
    /// in 16-bit integers, which hold a token more exactly than bf16 does; all others in fp32.
    /// </summary>
    public static Arithmetic DefaultArithmetic(ScalarType tokens) =>
        tokens != ScalarType.BFloat16 ? Arithmetic.Fp32
        : Current.IsAssembled(Arithmetic.Bf16) ? Arithmetic.Bf16
        : Current.IsAssembled(Arithmetic.Int16) ? Arithmetic.Int16
        : Arithmetic.Fp32;
}
