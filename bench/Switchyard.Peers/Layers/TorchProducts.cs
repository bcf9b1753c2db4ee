using static TorchSharp.torch;

namespace Switchyard.Peers.Layers;

/// <summary>Products of libtorch that TorchSharp does not wrap, through TorchScript.</summary>
internal static class TorchProducts
{
    /// <summary>Values that share a scale in torch's four-bit product.</summary>
    public const int FourBitGroup = 32;

    private static readonly Lazy<jit.CompilationUnit> Unit = new(() => jit.compile("""
        def grouped(rows: Tensor, matrices: Tensor, ends: Tensor) -> Tensor:
            return torch._grouped_mm(rows, matrices, offs=ends)

        def int8(rows: Tensor, codes: Tensor, scales: Tensor) -> Tensor:
            return torch._weight_int8pack_mm(rows, codes, scales)

        def int4(rows: Tensor, packed: Tensor, scales: Tensor) -> Tensor:
            return torch._weight_int4pack_mm_for_cpu(rows, packed, 32, scales)

        def pack_int4(codes: Tensor) -> Tensor:
            return torch._convert_weight_to_int4pack_for_cpu(codes, 2)


        """));

    /// <summary>Rows [R, i], sorted by group, times matrices [E, i, o]; <paramref name="ends"/> [E] int32 are the groups' ends.</summary>
    public static Tensor Grouped(Tensor rows, Tensor matrices, Tensor ends) => (Tensor)Unit.Value.invoke("grouped", rows, matrices, ends)!;

    /// <summary>rows · Wᵀ of codes [N, K] int8 with a scale a row, in bf16.</summary>
    public static Tensor Int8(Tensor rows, Tensor codes, Tensor scales) => (Tensor)Unit.Value.invoke("int8", rows, codes, scales)!;

    /// <summary>rows · Wᵀ of four-bit codes; <paramref name="scales"/> [K/32, N, 2] are scales and what is added.</summary>
    public static Tensor Int4(Tensor rows, Tensor packed, Tensor scales) => (Tensor)Unit.Value.invoke("int4", rows, packed, scales)!;

    /// <summary>Packs codes [N, K] int32 from 0 to 15.</summary>
    public static Tensor PackInt4(Tensor codes) => (Tensor)Unit.Value.invoke("pack_int4", codes)!;
}
