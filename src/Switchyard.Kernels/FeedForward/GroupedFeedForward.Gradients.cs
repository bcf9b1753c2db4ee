using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.FeedForward;

/// <summary>Gradients of matrices, biases and weights: products over the tokens of a group.</summary>
public sealed unsafe partial class GroupedFeedForward
{
    /// <summary>Some rows of dA = Σ da ⊗ x.</summary>
    private void ComputeFirstGradient(FeedForwardRun run, WorkUnit unit, int member, FeedForwardGradients gradients)
    {
        int g = unit.Group;
        float* target = gradients.First + ((((nint)g * FirstRows) + unit.From) * Width);
        float* bias = gradients.FirstBias == null ? null : gradients.FirstBias + ((nint)g * FirstRows) + unit.From;
        SumOverTokens(run, unit, member, target, Width, bias, gradients.Accumulate, weightedBias: false,
            (first, count, row, width, columns) =>
            {
                for (int at = 0; at < count; at += Panel.Lanes)
                {
                    nint panel = run.PanelStart[g] + ((first + at) / Panel.Lanes);
                    Panel.ToRows(run.BeforeGradient + (((panel * FirstRows) + unit.From + row) * Panel.Lanes), width, Math.Min(Panel.Lanes, count - at), columns + ((nint)at * Panel.ColumnRows), Panel.ColumnRows);
                }
            },
            (first, count, column, width, panel) => GatherTokens(X, g, first, count, column, width, panel, Panel.Lanes));
    }

    /// <summary>Some rows of dB = Σ dy ⊗ (w·h).</summary>
    private void ComputeSecondGradient(FeedForwardRun run, WorkUnit unit, int member, FeedForwardGradients gradients)
    {
        int g = unit.Group;
        float* target = gradients.Second + ((((nint)g * Width) + unit.From) * Inner);
        float* bias = gradients.SecondBias == null ? null : gradients.SecondBias + ((nint)g * Width) + unit.From;
        SumOverTokens(run, unit, member, target, Inner, bias, gradients.Accumulate, weightedBias: true,
            (first, count, row, width, columns) => GatherTokens(gradients.Y, g, first, count, unit.From + row, width, columns, Panel.ColumnRows),
            (first, count, column, width, panel) => Panel.Gather(run.WeightedRows + (((nint)Offsets[g] + first) * Inner) + column, Inner, count, width, panel, Panel.Lanes));
    }

    private delegate void Pack(int firstRow, int count, int at, int width, float* target);

    /// <summary>target[row, column] = Σ over the group's rows of left[token, row] · right[token, column].</summary>
    /// <param name="run">The call.</param>
    /// <param name="unit">The group and the rows of the target.</param>
    /// <param name="member">The thread.</param>
    /// <param name="target">First of these rows, [rows, columns].</param>
    /// <param name="columns">Columns.</param>
    /// <param name="bias">[rows] or null: Σ left.</param>
    /// <param name="accumulate">Whether to add to what stands there.</param>
    /// <param name="weightedBias">Whether the bias sums left times the weight of the row.</param>
    /// <param name="left">Packs up to 48 rows of left, [count, 48].</param>
    /// <param name="right">Packs up to 32 columns of right, [count, 32].</param>
    private void SumOverTokens(FeedForwardRun run, WorkUnit unit, int member, float* target, int columns, float* bias, bool accumulate, bool weightedBias, Pack left, Pack right)
    {
        int rows = unit.To - unit.From, tokens = CountOf(unit.Group);
        if (!accumulate && bias != null)
            new Span<float>(bias, rows).Clear();
        if (tokens == 0)
        {
            if (!accumulate)
                ClearRows(target, rows, columns);
            return;
        }
        int most = Math.Min(tokens, Blocking.TokenBlock), blocks = Blocks(rows, Panel.ColumnRows);
        nint blockLength = (nint)most * Panel.ColumnRows;
        float* packed = run.Engine.Scratch[member].Floats((blocks * blockLength) + ((long)most * Panel.Lanes) + (Panel.ColumnRows * Panel.Lanes));
        float* panel = packed + (blocks * blockLength);
        float* edge = panel + ((nint)most * Panel.Lanes);
        for (int first = 0; first < tokens; first += Blocking.TokenBlock)
        {
            int count = Math.Min(Blocking.TokenBlock, tokens - first);
            TileOutput output = first > 0 || accumulate ? TileOutput.Continue : TileOutput.Store;
            for (int b = 0; b < blocks; b++)
            {
                int row = b * Panel.ColumnRows, width = Math.Min(Panel.ColumnRows, rows - row);
                left(first, count, row, width, packed + (b * blockLength));
                if (bias != null)
                    AddLines(packed + (b * blockLength), Offsets[unit.Group] + first, count, width, weightedBias, bias + row);
            }
            for (int column = 0; column < columns; column += Panel.Lanes)
            {
                int width = Math.Min(Panel.Lanes, columns - column);
                right(first, count, column, width, panel);
                for (int b = 0; b < blocks; b++)
                {
                    int row = b * Panel.ColumnRows, height = Math.Min(Panel.ColumnRows, rows - row);
                    float* corner = target + ((nint)row * columns) + column;
                    if (width % TileKernels.LaneStep == 0)
                        MultiplyColumns(run, packed + (b * blockLength), panel, count, corner, (nint)columns * sizeof(float), height, width, output);
                    else
                        MultiplyEdge(run, packed + (b * blockLength), panel, count, corner, columns, height, width, output, edge);
                }
            }
        }
    }

    /// <summary>A block whose last columns are fewer than a vector: by way of a buffer, so that nothing outside the matrix is touched.</summary>
    private static void MultiplyEdge(FeedForwardRun run, float* columns, float* panel, int length, float* target, int pitch, int rows, int lanes, TileOutput output, float* edge)
    {
        if (output == TileOutput.Continue)
            Panel.Gather(target, pitch, rows, lanes, edge, Panel.Lanes);
        MultiplyColumns(run, columns, panel, length, edge, LineBytes, rows, lanes, output);
        for (int row = 0; row < rows; row++)
            new ReadOnlySpan<float>(edge + (row * Panel.Lanes), lanes).CopyTo(new Span<float>(target + ((nint)row * pitch), lanes));
    }

    private void AddLines(float* lines, int firstRow, int count, int width, bool weighted, float* target)
    {
        for (int i = 0; i < count; i++)
            AddScaled(lines + ((nint)i * Panel.ColumnRows), null, weighted ? WeightOf(firstRow + i) : 1, width, target);
    }

    private static void ClearRows(float* target, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
            new Span<float>(target + ((nint)row * columns), columns).Clear();
    }

    /// <summary>dw of the rows of some panels: the partial dots in order, and b·dy.</summary>
    private void ComputeWeights(FeedForwardRun run, WorkUnit unit, FeedForwardGradients gradients)
    {
        int g = unit.Group, blocks = Blocks(Inner, Panel.ColumnRows);
        for (int i = 0; i < CountOf(g); i++)
        {
            int row = Offsets[g] + i;
            nint panel = run.PanelStart[g] + (i / Panel.Lanes);
            float sum = 0;
            for (int block = 0; block < blocks; block++)
                sum += run.Dots[((((nint)block * run.PanelTotal) + panel) * Panel.Lanes) + (i % Panel.Lanes)];
            if (SecondBias != null)
                sum += Dot(SecondBias + ((nint)g * Width), gradients.Y + ((nint)RowToken[row] * Width), Width);
            gradients.Weights[RowPair == null ? row : RowPair[row]] = sum;
        }
    }
    private static float Dot(float* left, float* right, int count)
    {
        float sum = 0;
        for (int i = 0; i < count; i++)
            sum = float.MultiplyAddEstimate(left[i], right[i], sum);
        return sum;
    }
}
