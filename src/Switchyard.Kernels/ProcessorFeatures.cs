using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels;

/// <summary>Instructions of this processor for which .NET has no intrinsics.</summary>
internal static class ProcessorFeatures
{
    /// <summary><c>vdpbf16ps</c> on 512 bits.</summary>
    public static bool BFloat16Dot { get; } = Wide && Leaf(7) && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;

    /// <summary><c>vpdpbusd</c> on 512 bits.</summary>
    public static bool Int8Dot { get; } = Wide && Leaf(7) && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    /// <summary>Whether an instruction set, as far as this processor has it, multiplies an arithmetic with an instruction of its own.</summary>
    public static bool Has(InstructionSet set, Arithmetic arithmetic) => arithmetic switch
    {
        Arithmetic.Bf16 => set == InstructionSet.Avx512 && BFloat16Dot,
        Arithmetic.Int8 => set == InstructionSet.Avx512 && Int8Dot,
        Arithmetic.Int16 => Streams.RowProducts.AreSupported,
        _ => set != InstructionSet.Portable,
    };

    private static bool Wide => KernelOptions.Supported == InstructionSet.Avx512;

    private static bool Leaf(int leaf) => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= leaf;
}
