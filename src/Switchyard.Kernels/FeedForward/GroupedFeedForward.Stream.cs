using Switchyard.Kernels.Activations;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Streams;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.FeedForward;

/// <summary>Forward for groups of few rows: nothing is packed, each weight is read once. Inner values are kept row by row, [rows, f], in the group's only panel.</summary>
public sealed unsafe partial class GroupedFeedForward
{
    private void StreamFirst(FeedForwardRun run, WorkUnit unit, int member)
    {
        const int Step = StreamingProduct.Rows;
        bool gated = ActivationKernel.IsGated(Activation);
        int g = unit.Group, count = ComputedOf(g), held = CountOf(g), panel = run.PanelStart[g];
        float** tokens = stackalloc float*[StreamingProduct.MaxTokens];
        float* gate = stackalloc float[StreamingProduct.MaxTokens * Step];
        float* up = stackalloc float[StreamingProduct.MaxTokens * Step];
        float* lines = stackalloc float[3 * Values];
        new Span<float>(lines, 3 * Values).Clear();
        MatrixBlocks weights = FirstBlocks;
        IntegerForm form = weights.IntegerForm(g, Arithmetic);
        float* wide = run.Engine.Scratch[member].Floats(MatrixBlocks.StreamBuffer + Width + StreamTokens.Floats(count, Width, form));
        float* zeros = wide + MatrixBlocks.StreamBuffer;
        new Span<float>(zeros, count > held ? Width : 0).Clear();
        for (int i = 0; i < count; i++)
            tokens[i] = i < held ? X + ((nint)RowToken[Offsets[g] + i] * Width) : zeros;
        var inputs = new StreamTokens(tokens, count, Width, form, run.Engine.Rows, zeros + Width);
        float* bias = FirstBias == null ? null : FirstBias + ((nint)g * FirstRows);
        float* h = run.After + ((nint)panel * Inner * Panel.Lanes);
        for (int feature = unit.From; feature < unit.To; feature += Step)
        {
            int rows = Math.Min(Step, unit.To - feature);
            weights.Stream(g, feature, rows, inputs, wide, gate);
            if (gated)
                weights.Stream(g, Inner + feature, rows, inputs, wide, up);
            // Lines of 32 lanes hold all rows and tokens: lane = token · 8 + row.
            for (int i = 0; i < count * Step; i++)
            {
                int row = i % Step;
                bool biased = bias != null && row < rows;
                lines[i] = row < rows ? gate[i] + (biased ? bias[feature + row] : 0) : 0;
                lines[Values + i] = gated && row < rows ? up[i] + (biased ? bias[Inner + feature + row] : 0) : 0;
            }
            ActivationKernel.Forward(Activation, lines, lines + Values, lines + (2 * Values), Blocks(count * Step, Panel.Lanes), Panel.Lanes);
            for (int i = 0; i < count; i++)
            {
                for (int row = 0; row < rows; row++)
                {
                    h[((nint)i * Inner) + feature + row] = lines[(2 * Values) + (i * Step) + row];
                    if (run.Before == null)
                        continue;
                    float* before = run.Before + ((((nint)panel * FirstRows) + feature + row) * Panel.Lanes) + i;
                    *before = lines[(i * Step) + row];
                    if (gated)
                        before[(nint)Inner * Panel.Lanes] = lines[Values + (i * Step) + row];
                }
            }
        }
        if (run.Before != null)
            ClearUnusedLanes(run.Before + ((nint)panel * FirstRows * Panel.Lanes), unit, count, gated);
    }

    /// <summary>The backward computes with 16 lanes: those without a token must hold numbers.</summary>
    private void ClearUnusedLanes(float* before, WorkUnit unit, int count, bool gated)
    {
        for (int feature = unit.From; feature < unit.To; feature++)
        {
            new Span<float>(before + ((nint)feature * Panel.Lanes) + count, TileLanes - count).Clear();
            if (gated)
                new Span<float>(before + ((nint)(Inner + feature) * Panel.Lanes) + count, TileLanes - count).Clear();
        }
    }

    /// <summary>Values of all rows and tokens of a call.</summary>
    private const int Values = StreamingProduct.MaxTokens * StreamingProduct.Rows;

    private const int TileLanes = Tiles.TileKernels.LaneStep;

    private void StreamSecond(FeedForwardRun run, WorkUnit unit, float* wide, int group, float* y)
    {
        const int Step = StreamingProduct.Rows;
        int count = ComputedOf(group), firstRow = Offsets[group];
        if (count == 0)
            return;
        float** inner = stackalloc float*[StreamingProduct.MaxTokens];
        float* sums = stackalloc float[StreamingProduct.MaxTokens * Step];
        for (int i = 0; i < count; i++)
            inner[i] = run.After + ((nint)run.PanelStart[group] * Inner * Panel.Lanes) + ((nint)i * Inner);
        float* bias = SecondBias == null ? null : SecondBias + ((nint)group * Width);
        MatrixBlocks weights = SecondBlocks;
        IntegerForm form = weights.IntegerForm(group, Arithmetic);
        var inputs = new StreamTokens(inner, count, Inner, form, run.Engine.Rows, wide + MatrixBlocks.StreamBuffer);
        for (int feature = unit.From; feature < unit.To; feature += Step)
        {
            int rows = Math.Min(Step, unit.To - feature);
            weights.Stream(group, feature, rows, inputs, wide, sums);
            for (int i = 0; i < CountOf(group); i++)
                AddScaled(sums + (i * Step), bias == null ? null : bias + feature, WeightOf(firstRow + i), rows, y + ((nint)RowToken[firstRow + i] * Width) + feature);
        }
    }
}
