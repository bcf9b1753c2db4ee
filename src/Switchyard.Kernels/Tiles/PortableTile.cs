using System.Runtime.CompilerServices;

namespace Switchyard.Kernels.Tiles;

/// <summary>
/// The tile kernel in C#, at the width of <typeparamref name="TLanes"/>: six rows × two vectors in locals, which fits the
/// registers of every width, and single rows for what is left. The order of the sums is the assembled kernel's.
/// </summary>
internal static unsafe class PortableTile<TLanes, TVector, TDot>
    where TLanes : struct, ILanes<TVector>
    where TDot : struct, IDot<TVector>
    where TVector : struct
{
    public static void Multiply(TileArguments* tile, int rows, int lanes, TileOperand operand, TileOutput output)
    {
        int first = (rows + 1) / 2;
        Half(tile, tile->A0, tile->C0, first, lanes, operand, output);
        if (rows > first)
            Half(tile, operand == TileOperand.Columns ? tile->A0 + first : tile->A1, tile->C1, rows - first, lanes, operand, output);
    }

    private static void Half(TileArguments* tile, float* a, float* c, int rows, int lanes, TileOperand operand, TileOutput output)
    {
        nint rowStride = operand == TileOperand.Columns ? sizeof(float) : tile->AStride;
        nint stepStride = operand == TileOperand.Columns ? tile->AStride : sizeof(float);
        for (int lane = 0; lane < lanes; lane += 2 * TLanes.Count)
        {
            int row = 0;
            for (; row + 6 <= rows; row += 6)
                Six((byte*)a + (row * rowStride), rowStride, stepStride, tile->B + lane, Row(c, row, tile->CStride) + lane, tile->CStride, tile->K, output);
            for (; row < rows; row++)
                One((byte*)a + (row * rowStride), stepStride, tile->B + lane, Row(c, row, tile->CStride) + lane, tile->K, output);
        }
    }

    private static float* Row(float* c, int row, nint stride) => (float*)((byte*)c + (row * stride));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six(byte* a, nint rowStride, nint stepStride, float* b, float* c, nint cStride, nint length, TileOutput output)
    {
        TVector s00, s01, s10, s11, s20, s21, s30, s31, s40, s41, s50, s51;
        if (output == TileOutput.Continue)
        {
            (s00, s01) = Pair(c, 0, cStride);
            (s10, s11) = Pair(c, 1, cStride);
            (s20, s21) = Pair(c, 2, cStride);
            (s30, s31) = Pair(c, 3, cStride);
            (s40, s41) = Pair(c, 4, cStride);
            (s50, s51) = Pair(c, 5, cStride);
        }
        else
        {
            s00 = s01 = s10 = s11 = s20 = s21 = s30 = s31 = s40 = s41 = s50 = s51 = TLanes.Zero;
        }
        byte* a3 = a + (3 * rowStride);
        for (nint k = 0; k < length; k++)
        {
            TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + TLanes.Count);
            TVector v = TLanes.Broadcast(*(float*)a);
            s00 = TDot.Add(v, b0, s00);
            s01 = TDot.Add(v, b1, s01);
            v = TLanes.Broadcast(*(float*)(a + rowStride));
            s10 = TDot.Add(v, b0, s10);
            s11 = TDot.Add(v, b1, s11);
            v = TLanes.Broadcast(*(float*)(a + (2 * rowStride)));
            s20 = TDot.Add(v, b0, s20);
            s21 = TDot.Add(v, b1, s21);
            v = TLanes.Broadcast(*(float*)a3);
            s30 = TDot.Add(v, b0, s30);
            s31 = TDot.Add(v, b1, s31);
            v = TLanes.Broadcast(*(float*)(a3 + rowStride));
            s40 = TDot.Add(v, b0, s40);
            s41 = TDot.Add(v, b1, s41);
            v = TLanes.Broadcast(*(float*)(a3 + (2 * rowStride)));
            s50 = TDot.Add(v, b0, s50);
            s51 = TDot.Add(v, b1, s51);
            a += stepStride;
            a3 += stepStride;
            b += TileKernels.PanelLanes;
        }
        Store(c, 0, cStride, s00, s01);
        Store(c, 1, cStride, s10, s11);
        Store(c, 2, cStride, s20, s21);
        Store(c, 3, cStride, s30, s31);
        Store(c, 4, cStride, s40, s41);
        Store(c, 5, cStride, s50, s51);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(byte* a, nint stepStride, float* b, float* c, nint length, TileOutput output)
    {
        TVector s0 = TLanes.Zero, s1 = TLanes.Zero;
        if (output == TileOutput.Continue)
            (s0, s1) = Pair(c, 0, 0);
        for (nint k = 0; k < length; k++)
        {
            TVector v = TLanes.Broadcast(*(float*)a);
            s0 = TDot.Add(v, TLanes.Load(b), s0);
            s1 = TDot.Add(v, TLanes.Load(b + TLanes.Count), s1);
            a += stepStride;
            b += TileKernels.PanelLanes;
        }
        Store(c, 0, 0, s0, s1);
    }

    private static (TVector Low, TVector High) Pair(float* c, int row, nint stride)
    {
        float* address = Row(c, row, stride);
        return (TLanes.Load(address), TLanes.Load(address + TLanes.Count));
    }

    private static void Store(float* c, int row, nint stride, TVector low, TVector high)
    {
        float* address = Row(c, row, stride);
        TLanes.Store(low, address);
        TLanes.Store(high, address + TLanes.Count);
    }
}
