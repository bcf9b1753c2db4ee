using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels;

/// <summary>What the kernels may use. The default is everything the processor, the runtime and the environment allow.</summary>
public sealed record KernelOptions
{
    /// <summary>Most threads of a <see cref="KernelEngine"/>.</summary>
    public const int MaxThreads = 1024;

    /// <summary>Threads that work on one call, the caller among them; the default is <see cref="Environment.ProcessorCount"/>, which follows affinity and cgroup limits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 or more than <see cref="MaxThreads"/>.</exception>
    public int Threads
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxThreads);
            field = value;
        }
    } = Math.Clamp(Environment.ProcessorCount, 1, MaxThreads);

    /// <summary>Multiplications that one thread has done before another one is awake: a call of fewer stays with the caller.</summary>
    internal long AloneBelow { get; init; } = 1 << 19;

    /// <summary>The widest instructions wanted; never more than <see cref="Supported"/> is used.</summary>
    public InstructionSet InstructionSet { get; init; } = InstructionSet.Avx512;

    /// <summary>Whether code may be assembled at run time. Where it may not, the portable kernels run.</summary>
    public bool Assemble { get; init; } = true;

    /// <summary>The widest instructions that this processor and this runtime have and for which kernels are assembled.</summary>
    public static InstructionSet Supported { get; } =
        RuntimeInformation.ProcessArchitecture != Architecture.X64 || !(Avx2.IsSupported && Fma.IsSupported) ? InstructionSet.Portable
        : Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported ? InstructionSet.Avx512
        : InstructionSet.Avx2;

    /// <summary>
    /// The default, limited by the environment: <c>SWITCHYARD_JIT=0</c> forbids code assembled at run time,
    /// <c>SWITCHYARD_ISA=avx512|avx2|portable</c> limits the instructions.
    /// </summary>
    /// <exception cref="ArgumentException">A variable has a value that is none of these.</exception>
    public static KernelOptions FromEnvironment() => Parse(
        Environment.GetEnvironmentVariable("SWITCHYARD_JIT"),
        Environment.GetEnvironmentVariable("SWITCHYARD_ISA"));

    internal static KernelOptions Parse(string? jit, string? isa) => new()
    {
        Assemble = jit switch
        {
            null or "" or "1" => true,
            "0" => false,
            _ => throw new ArgumentException($"SWITCHYARD_JIT is '{jit}'; expected 0 or 1.", nameof(jit)),
        },
        InstructionSet = isa switch
        {
            null or "" or "avx512" => InstructionSet.Avx512,
            "avx2" => InstructionSet.Avx2,
            "portable" => InstructionSet.Portable,
            _ => throw new ArgumentException($"SWITCHYARD_ISA is '{isa}'; expected avx512, avx2 or portable.", nameof(isa)),
        },
    };

    /// <summary>What will be assembled under these options on this machine.</summary>
    internal InstructionSet Effective =>
        !Assemble ? InstructionSet.Portable : (InstructionSet)Math.Min((int)InstructionSet, (int)Supported);
}
