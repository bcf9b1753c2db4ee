using System.Runtime.Intrinsics;
using Switchyard.Kernels.FeedForward;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.Products;

public sealed unsafe partial class DenseProduct
{
    /// <summary>dx of some panels and features: the columns of W are copied block by block, each for all panels of the sweep.</summary>
    private void BackwardPanels(KernelEngine engine, WorkUnit unit, int member, float* dy, float* dx)
    {
        int sumBlocks = Blocks(Outputs, Blocking.SumBlock);
        nint panelLength = (nint)Outputs * Panel.Lanes;
        int height = Blocks(unit.To - unit.From, Panel.ColumnRows) * Panel.ColumnRows;
        int columnLength = Math.Min(Outputs, Blocking.SumBlock) * Panel.ColumnRows;
        float* pack = engine.Scratch[member].Floats((unit.PanelCount * (panelLength + ((long)height * Panel.Lanes))) + columnLength);
        float* scratch = pack + (unit.PanelCount * panelLength);
        float* columns = scratch + ((nint)unit.PanelCount * height * Panel.Lanes);
        MatrixBlocks weights = Matrix;
        for (int p = 0; p < unit.PanelCount; p++)
            PackRows(dy, Outputs, (unit.Panel + p) * Panel.Lanes, LanesOf(unit.Panel + p), pack + (p * panelLength));
        for (int block = 0; block < sumBlocks; block++)
        {
            int k = block * Blocking.SumBlock, length = Math.Min(Blocking.SumBlock, Outputs - k);
            for (int feature = unit.From; feature < unit.To; feature += Panel.ColumnRows)
            {
                int rows = Math.Min(Panel.ColumnRows, unit.To - feature);
                weights.Columns(0, k, length, feature, rows, columns);
                for (int p = 0; p < unit.PanelCount; p++)
                {
                    float* target = scratch + ((((nint)p * height) + feature - unit.From) * Panel.Lanes);
                    ColumnProduct.Multiply(engine.Tiles, columns, pack + (p * panelLength) + ((nint)k * Panel.Lanes), length, target, LineBytes, rows, LanesOf(unit.Panel + p), block == 0 ? TileOutput.Store : TileOutput.Continue);
                    if (block == sumBlocks - 1)
                        WriteRows(target, rows, unit.Panel + p, null, dx + feature, Inputs);
                }
            }
        }
    }

    private void SumGradient(KernelEngine engine, WorkUnit unit, int member, float* dy, float* weights, float* bias, bool accumulate)
    {
        if (bias != null && !accumulate)
            new Span<float>(bias + unit.From, unit.To - unit.From).Clear();
        TokenSum.Multiply(engine, member, Rows, unit.To - unit.From, Inputs, weights + ((nint)unit.From * Inputs), accumulate, TokenSum.BypassesCaches((long)Inputs * Outputs),
            (first, count, row, width, columns) =>
            {
                Panel.Gather(dy + ((nint)first * Outputs) + unit.From + row, Outputs, count, width, columns, Panel.ColumnRows);
                for (int i = 0; i < count && bias != null; i++)
                    AddLine(columns + ((nint)i * Panel.ColumnRows), width, bias + unit.From + row);
            },
            (first, count, column, width, panel) => Panel.Gather(X + ((nint)first * Inputs) + column, Inputs, count, width, panel, Panel.Lanes));
    }

    private static void AddLine(float* source, int count, float* target)
    {
        int i = 0;
        for (; i + 8 <= count; i += 8)
            (Vector256.Load(source + i) + Vector256.Load(target + i)).Store(target + i);
        for (; i < count; i++)
            target[i] += source[i];
    }
}
