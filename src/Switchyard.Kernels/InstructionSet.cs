namespace Switchyard.Kernels;

/// <summary>The widest instructions a kernel may use.</summary>
public enum InstructionSet
{
    /// <summary>No assembled code: the portable kernels, at the width the runtime gives.</summary>
    Portable = 0,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2 = 1,

    /// <summary>512-bit vectors.</summary>
    Avx512 = 2,
}
