using Switchyard.Kernels.Panels;

namespace Switchyard.Kernels.Tiles;

/// <summary>The oracle of every tile of fp32 or bf16: one value at a time, in the order of k (odd before even in a pair of bf16), with fused multiply-add.</summary>
internal static unsafe class ReferenceTile
{
    public static void Multiply(TileArguments* tile, int rows, int lanes, TileOperand operand, TileOutput output, Arithmetic arithmetic = Arithmetic.Fp32)
    {
        int first = (rows + 1) / 2;
        for (int row = 0; row < rows; row++)
        {
            int local = row < first ? row : row - first;
            float* c = (float*)((byte*)(row < first ? tile->C0 : tile->C1) + (local * tile->CStride));
            for (int lane = 0; lane < lanes; lane++)
            {
                float sum = output == TileOutput.Continue ? c[lane] : 0;
                for (nint k = 0; k < tile->K; k++)
                {
                    float a = operand == TileOperand.Columns
                        ? *((float*)((byte*)tile->A0 + (k * tile->AStride)) + row)
                        : *((float*)((byte*)(row < first ? tile->A0 : tile->A1) + (local * tile->AStride)) + k);
                    float b = tile->B[(k * TileKernels.PanelLanes) + lane];
                    sum = arithmetic == Arithmetic.Bf16
                        ? MathF.FusedMultiplyAdd(Low(a), Low(b), MathF.FusedMultiplyAdd(High(a), High(b), sum))
                        : MathF.FusedMultiplyAdd(a, b, sum);
                }
                c[lane] = sum;
            }
        }
    }

    /// <summary>The same for groups of int8: exact sums within a group, which are scaled and added to C group by group.</summary>
    public static void MultiplyGroups(TileArguments* tile, int rows, int lanes)
    {
        int first = (rows + 1) / 2, fours = (int)tile->Steps;
        for (int row = 0; row < rows; row++)
        {
            int local = row < first ? row : row - first;
            byte* a = (byte*)(row < first ? tile->A0 : tile->A1) + (local * tile->AStride);
            float* c = (float*)((byte*)(row < first ? tile->C0 : tile->C1) + (local * tile->CStride));
            for (nint group = 0; group < tile->K; group++)
            {
                float* head = tile->B + (group * (PanelEncoding.HeadLines + fours) * Panel.Lanes);
                float scale = tile->Scales[(group * TileKernels.MaxRows) + row];
                for (int lane = 0; lane < lanes; lane++)
                {
                    int sum = ((int*)head)[Panel.Lanes + lane];
                    for (int k = 0; k < fours * 4; k++)
                        sum += a[(group * fours * 4) + k] * ((sbyte*)(head + ((PanelEncoding.HeadLines + (k / 4)) * Panel.Lanes) + lane))[k % 4];
                    c[lane] = MathF.FusedMultiplyAdd(sum * head[lane], scale, c[lane]);
                }
            }
        }
    }

    private static float Low(float pair) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(pair) << 16);

    private static float High(float pair) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(pair) & 0xFFFF0000);
}
