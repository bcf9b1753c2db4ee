namespace Switchyard.Kernels.Limits;

/// <summary>An instruction that multiplies and adds.</summary>
internal enum DotInstruction
{
    /// <summary><c>vfmadd231ps</c>: fp32.</summary>
    Float32,

    /// <summary><c>vdpbf16ps</c>: two bf16 products added to an fp32 sum.</summary>
    BFloat16,

    /// <summary><c>vpdpbusd</c>: four products of uint8 and int8 added to an int32 sum.</summary>
    Int8,
}
