using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Products;
using static Switchyard.Kernels.FeedForward.Blocking;

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
        ClearBias(bias, unit, gradients.Accumulate);
        TokenSum.Multiply(run.Engine, member, ComputedOf(g), unit.To - unit.From, Width, target, gradients.Accumulate, TokenSum.BypassesCaches((long)Groups * Width * FirstRows),
            (first, count, row, width, columns) =>
            {
                for (int at = 0; at < count; at += Panel.Lanes)
                {
                    nint panel = run.PanelStart[g] + ((first + at) / Panel.Lanes);
                    Panel.ToRows(run.BeforeGradient + (((panel * FirstRows) + unit.From + row) * Panel.Lanes), width, Math.Min(Panel.Lanes, count - at), columns + ((nint)at * Panel.ColumnRows), Panel.ColumnRows);
                }
                if (bias != null)
                    AddLines(columns, Offsets[g] + first, count, width, weighted: false, bias + row);
            },
            (first, count, column, width, panel) => GatherTokens(X, g, first, count, column, width, panel, Panel.Lanes));
    }

    /// <summary>Some rows of dB = Σ dy ⊗ (w·h).</summary>
    private void ComputeSecondGradient(FeedForwardRun run, WorkUnit unit, int member, FeedForwardGradients gradients)
    {
        int g = unit.Group;
        float* target = gradients.Second + ((((nint)g * Width) + unit.From) * Inner);
        float* bias = gradients.SecondBias == null ? null : gradients.SecondBias + ((nint)g * Width) + unit.From;
        ClearBias(bias, unit, gradients.Accumulate);
        TokenSum.Multiply(run.Engine, member, ComputedOf(g), unit.To - unit.From, Inner, target, gradients.Accumulate, TokenSum.BypassesCaches((long)Groups * Width * FirstRows),
            (first, count, row, width, columns) =>
            {
                GatherTokens(gradients.Y, g, first, count, unit.From + row, width, columns, Panel.ColumnRows);
                if (bias != null)
                    AddLines(columns, Offsets[g] + first, Math.Clamp(CountOf(g) - first, 0, count), width, weighted: true, bias + row);
            },
            (first, count, column, width, panel) =>
            {
                int rows = Math.Clamp(CountOf(g) - first, 0, count);
                Panel.Gather(run.WeightedRows + (((nint)Offsets[g] + first) * Inner) + column, Inner, rows, width, panel, Panel.Lanes);
                new Span<float>(panel + ((nint)rows * Panel.Lanes), (count - rows) * Panel.Lanes).Clear();
            });
    }

    /// <summary>Gradients of biases whose matrices have none: Σ da and Σ w·dy over the rows of a group, in order.</summary>
    private void ComputeBiases(FeedForwardRun run, int g, FeedForwardGradients gradients)
    {
        if (gradients.First == null && gradients.FirstBias != null)
        {
            float* bias = gradients.FirstBias + ((nint)g * FirstRows);
            for (int row = 0; row < FirstRows; row++)
            {
                float sum = gradients.Accumulate ? bias[row] : 0;
                for (int i = 0; i < CountOf(g); i++)
                    sum += run.BeforeGradient[((((nint)(run.PanelStart[g] + (i / Panel.Lanes)) * FirstRows) + row) * Panel.Lanes) + (i % Panel.Lanes)];
                bias[row] = sum;
            }
        }
        if (gradients.Second == null && gradients.SecondBias != null)
        {
            float* bias = gradients.SecondBias + ((nint)g * Width);
            if (!gradients.Accumulate)
                new Span<float>(bias, Width).Clear();
            for (int row = Offsets[g]; row < Offsets[g + 1]; row++)
                AddScaled(gradients.Y + ((nint)RowToken[row] * Width), null, WeightOf(row), Width, bias);
        }
    }

    private void AddLines(float* lines, int firstRow, int count, int width, bool weighted, float* target)
    {
        for (int i = 0; i < count; i++)
            AddScaled(lines + ((nint)i * Panel.ColumnRows), null, weighted ? WeightOf(firstRow + i) : 1, width, target);
    }

    private static void ClearBias(float* bias, WorkUnit unit, bool accumulate)
    {
        if (bias != null && !accumulate)
            new Span<float>(bias, unit.To - unit.From).Clear();
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
