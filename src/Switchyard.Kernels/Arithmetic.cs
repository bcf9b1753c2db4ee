using System.Diagnostics.CodeAnalysis;

namespace Switchyard.Kernels;

/// <summary>What a product multiplies, and with which instruction.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "It is the name of the arithmetic.")]
public enum Arithmetic
{
    /// <summary>fp32 by fp32, added to an fp32 sum: <c>vfmadd231ps</c>.</summary>
    Fp32,

    /// <summary>Pairs of bf16 by pairs of bf16, added to an fp32 sum: <c>vdpbf16ps</c>. Both operands are rounded to 8 bits of mantissa: a product is off by up to 2⁻⁸ of itself.</summary>
    Bf16,

    /// <summary>Four uint8 by four int8, added to an int32 sum: <c>vpdpbusd</c>.</summary>
    Int8,

    /// <summary>Pairs of int16 by pairs of int16, added to an int32 sum: <c>vpmaddwd</c>, or where the processor has it, <c>vpdpbusd</c> on both bytes of a value. For integer weights and up to eight tokens (sixteen with the latter), each in 16 bits by groups of 32 values: a value of the token is off by at most 1/65278 of its group's largest. Everything else is computed in fp32.</summary>
    Int16,
}
