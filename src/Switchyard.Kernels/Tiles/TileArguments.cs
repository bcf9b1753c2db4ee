using System.Runtime.InteropServices;

namespace Switchyard.Kernels.Tiles;

/// <summary>
/// What a tile kernel reads: C[rows, lanes] = Σ_k A[row, k] · B[k, lane]. The rows come in two halves of
/// ⌈rows/2⌉ and ⌊rows/2⌋, each with its own addresses, so that one tile can pair rows of two matrices (gate and up).
/// With <see cref="Arithmetic.Bf16"/> an element of A or B is a pair of values of k, the even one in the low half of 32 bits;
/// with <see cref="Arithmetic.Int8"/> it is a group of them, A holding bytes of value + 128 and B the groups of <see cref="Panels.PanelEncoding"/>.
/// The layout is read by assembled code: keep <see cref="Assembly.TileGenerator"/> in step.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TileArguments
{
    /// <summary>First row of the first half.</summary>
    public float* A0;

    /// <summary>First row of the second half; not read in the layout <see cref="TileOperand.Columns"/>.</summary>
    public float* A1;

    /// <summary>Bytes between rows of A (<see cref="TileOperand.Rows"/>), or between values of k (<see cref="TileOperand.Columns"/>).</summary>
    public nint AStride;

    /// <summary>A panel: [K, 32], one line of 128 bytes for each element.</summary>
    public float* B;

    /// <summary>First row of the first half of the result.</summary>
    public float* C0;

    /// <summary>First row of the second half of the result.</summary>
    public float* C1;

    /// <summary>Bytes between rows of C.</summary>
    public nint CStride;

    /// <summary>Elements of the sum, ≥ 1.</summary>
    public nint K;

    /// <summary>With <see cref="Arithmetic.Int8"/>: scales of the weights, [K, 12], a line of 48 bytes for each group.</summary>
    public float* Scales;

    /// <summary>With <see cref="Arithmetic.Int8"/>: fours of k in a group, a multiple of 4.</summary>
    public nint Steps;
}
