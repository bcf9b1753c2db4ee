using Switchyard.Kernels.FeedForward;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Streams;
using Switchyard.Kernels.Teams;
using Switchyard.Kernels.Tiles;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.Products;

public sealed unsafe partial class DenseProduct
{
    private void ForwardPanels(KernelEngine engine, WorkUnit unit, int member, float* y)
    {
        int sumBlocks = Blocks(Inputs, Blocking.SumBlock), features = unit.To - unit.From;
        PanelEncoding encoding = Encoding;
        nint panelLength = (nint)encoding.Lines(Inputs) * Panel.Lanes, plainLength = encoding.IsPlain ? 0 : (nint)Inputs * Panel.Lanes;
        int height = sumBlocks > 1 ? Blocks(features, Panel.ColumnRows) * Panel.ColumnRows : Panel.ColumnRows;
        float* pack = engine.Scratch[member].Floats((unit.PanelCount * (panelLength + ((long)height * Panel.Lanes))) + plainLength + MatrixBlocks.BufferLength(TileKernels.MaxRows));
        float* scratch = pack + (unit.PanelCount * panelLength);
        float* plain = scratch + ((nint)unit.PanelCount * height * Panel.Lanes), wide = plain + plainLength;
        for (int p = 0; p < unit.PanelCount; p++)
        {
            float* packed = pack + (p * panelLength);
            PackRows(X, Inputs, (unit.Panel + p) * Panel.Lanes, LanesOf(unit.Panel + p), encoding.IsPlain ? packed : plain);
            encoding.Encode(plain, Inputs, Panel.Rounded(LanesOf(unit.Panel + p)), packed);
        }
        MatrixBlocks weights = Matrix;
        TileArguments tile = default;
        tile.CStride = LineBytes;
        for (int block = 0; block < sumBlocks; block++)
        {
            int k = block * Blocking.SumBlock;
            int length = Math.Min(Blocking.SumBlock, Inputs - k);
            tile.K = encoding.Elements(length);
            for (int feature = unit.From; feature < unit.To; feature += Panel.ColumnRows)
            {
                int rows = Math.Min(Panel.ColumnRows, unit.To - feature);
                float* target = scratch + (sumBlocks > 1 ? (nint)(feature - unit.From) * Panel.Lanes : 0);
                for (int row = 0; row < rows; row += TileKernels.MaxRows)
                {
                    int count = Math.Min(TileKernels.MaxRows, rows - row), first = (count + 1) / 2;
                    tile.A0 = weights.Rows(encoding, 0, feature + row, count, k, length, wide, out nint stride, null);
                    tile.A1 = (float*)((byte*)tile.A0 + (first * stride));
                    tile.AStride = stride;
                    for (int p = 0; p < unit.PanelCount; p++)
                    {
                        tile.B = pack + (p * panelLength) + ((nint)encoding.Lines(k) * Panel.Lanes);
                        tile.C0 = target + ((((nint)p * height) + row) * Panel.Lanes);
                        tile.C1 = tile.C0 + (first * Panel.Lanes);
                        engine.Tiles.Multiply(&tile, count, LanesOf(unit.Panel + p), TileOperand.Rows, block == 0 ? TileOutput.Store : TileOutput.Continue, encoding.Arithmetic);
                    }
                }
                for (int p = 0; p < unit.PanelCount && block == sumBlocks - 1; p++)
                    WriteRows(target + ((nint)p * height * Panel.Lanes), rows, unit.Panel + p, Bias == null ? null : Bias + feature, y + feature, Outputs);
            }
        }
    }

    /// <summary>Turns finished features of a panel into rows of the result.</summary>
    private void WriteRows(float* block, int rows, int panel, float* bias, float* target, int width)
    {
        int count = LanesOf(panel);
        for (int row = 0; row < rows && bias != null; row++)
        {
            for (int lane = 0; lane < count; lane++)
                block[(row * Panel.Lanes) + lane] += bias[row];
        }
        Panel.ToRows(block, rows, count, target + ((nint)panel * Panel.Lanes * width), width);
    }

    private void RunStream(KernelEngine engine, float* y)
    {
        var queue = new WorkQueue<WorkUnit>();
        int parts = Math.Clamp(engine.Threads * Blocking.PiecesPerThread, 1, Blocks(Outputs, 16));
        int step = Blocks(Blocks(Outputs, parts), 16) * 16;
        for (int from = 0; from < Outputs; from += step)
            queue.Add(new WorkUnit(WorkKind.First, 0, 0, 0, from, Math.Min(Outputs, from + step)), (long)Math.Min(step, Outputs - from) * Rows * Inputs);
        queue.Drain(engine.Team, (unit, member) => Stream(engine, unit, member, y));
    }

    private void Stream(KernelEngine engine, WorkUnit unit, int member, float* y)
    {
        const int Step = StreamingProduct.Rows;
        float** rows = stackalloc float*[StreamingProduct.MaxTokens];
        float* sums = stackalloc float[StreamingProduct.MaxTokens * Step];
        for (int i = 0; i < Rows; i++)
            rows[i] = X + ((nint)i * Inputs);
        MatrixBlocks weights = Matrix;
        IntegerForm form = weights.IntegerForm(0, Arithmetic);
        float* wide = engine.Scratch[member].Floats(MatrixBlocks.StreamBuffer + StreamTokens.Floats(Rows, Inputs, form));
        var inputs = new StreamTokens(rows, Rows, Inputs, form, engine.Rows, wide + MatrixBlocks.StreamBuffer);
        for (int feature = unit.From; feature < unit.To; feature += Step)
        {
            int count = Math.Min(Step, unit.To - feature);
            weights.Stream(0, feature, count, inputs, wide, sums);
            for (int i = 0; i < Rows; i++)
            {
                for (int j = 0; j < count; j++)
                    y[((nint)i * Outputs) + feature + j] = sums[(i * Step) + j] + (Bias == null ? 0 : Bias[feature + j]);
            }
        }
    }
}
