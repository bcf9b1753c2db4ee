using Switchyard.Kernels.Activations;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Products;
using Switchyard.Kernels.Tiles;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.FeedForward;

public sealed unsafe partial class GroupedFeedForward
{
    /// <summary>
    /// The gradients of sum(y · dy). With dy the row's token, g = Bᵀ·dy and h the inner values:
    /// <code>
    /// dw = h·g + b·dy      da = w · g · activation'(a)      dx[t] += Aᵀ·da      dA = Σ da ⊗ x      dB = Σ dy ⊗ (w·h)
    /// </code>
    /// The same products as forward, on the same tiles: the transposed matrices are copied block by block, each block for all
    /// panels that follow, and the gradients of the matrices are products over tokens.
    /// </summary>
    /// <param name="engine">Threads, kernels and working memory.</param>
    /// <param name="gradients">Where dy stands and which gradients are wanted.</param>
    /// <param name="saved">What <see cref="Forward"/> saved for the same rows, or null: it is computed again.</param>
    /// <exception cref="InvalidOperationException">Sizes, offsets or row indices do not fit together.</exception>
    public void Backward(KernelEngine engine, FeedForwardGradients gradients, float* saved = null)
    {
        Validate();
        Require(Tokens == 0 || gradients.Y != null, "The gradient of y is missing.");
        lock (engine.Gate)
        {
            var run = new FeedForwardRun(engine, PanelStarts(), StreamedRows(engine)) { Before = saved };
            long lines = (long)run.PanelTotal * Panel.Lanes;
            if (saved == null)
            {
                run.Before = engine.Shared[1].Floats(lines * FirstRows);
                run.After = engine.Shared[0].Floats(lines * Inner);
                RunFirst(run);
            }
            run.BeforeGradient = engine.Shared[2].Floats(lines * FirstRows);
            run.WeightedRows = engine.Shared[3].Floats((long)Rows * Inner);
            run.Dots = engine.Shared[4].Floats(lines * Blocks(Inner, Panel.ColumnRows));

            AddPanelUnits(run, WorkKind.Inner, Blocking.PanelsPerSweep(Width), (long)Inner * Width);
            run.Drain((unit, member) => ComputeInner(run, unit, member, gradients.Y));

            AddGradientUnits(run, gradients);
            run.Drain((unit, member) => ComputeGradient(run, unit, member, gradients));
        }
    }

    private void AddGradientUnits(FeedForwardRun run, FeedForwardGradients gradients)
    {
        if (gradients.X != null && Tokens > 0)
            AddFeatureUnits(run, WorkKind.Input);
        for (int g = 0; g < Groups; g++)
        {
            if (gradients.First != null)
                AddRowUnits(run, WorkKind.FirstGradient, g, FirstRows, Width);
            if (gradients.Second != null)
                AddRowUnits(run, WorkKind.SecondGradient, g, Width, Inner);
            if ((gradients.First == null && gradients.FirstBias != null) || (gradients.Second == null && gradients.SecondBias != null))
                run.Queue.Add(new WorkUnit(WorkKind.Biases, g, 0, 0, 0, 0), CountOf(g) * (FirstRows + (long)Width));
            if (gradients.Weights != null && CountOf(g) > 0)
                run.Queue.Add(new WorkUnit(WorkKind.Weights, g, 0, 0, 0, 0), (long)CountOf(g) * Inner / 16);
        }
    }

    private void AddRowUnits(FeedForwardRun run, WorkKind kind, int group, int rows, int columns)
    {
        for (int from = 0; from < rows; from += Blocking.GradientRows)
        {
            int to = Math.Min(rows, from + Blocking.GradientRows);
            run.Queue.Add(new WorkUnit(kind, group, 0, 0, from, to), (ComputedOf(group) + 1L) * (to - from) * columns);
        }
    }

    private void ComputeGradient(FeedForwardRun run, WorkUnit unit, int member, FeedForwardGradients gradients)
    {
        switch (unit.Kind)
        {
            case WorkKind.Input: ComputeInput(run, unit, member, gradients.X); break;
            case WorkKind.FirstGradient: ComputeFirstGradient(run, unit, member, gradients); break;
            case WorkKind.SecondGradient: ComputeSecondGradient(run, unit, member, gradients); break;
            case WorkKind.Biases: ComputeBiases(run, unit.Group, gradients); break;
            default: ComputeWeights(run, unit, gradients); break;
        }
    }

    /// <summary>g = Bᵀ·dy for some panels and features f of one group, then the activation's slope: fills da, w·h by rows, and the partial dots h·g.</summary>
    private void ComputeInner(FeedForwardRun run, WorkUnit unit, int member, float* dy)
    {
        int g = unit.Group, sumBlocks = Blocks(Width, Blocking.SumBlock);
        int panelLength = Width * Panel.Lanes, height = Blocks(unit.To - unit.From, Panel.ColumnRows) * Panel.ColumnRows;
        int columnLength = Math.Min(Width, Blocking.SumBlock) * Panel.ColumnRows;
        float* pack = run.Engine.Scratch[member].Floats(((long)unit.PanelCount * (panelLength + (height * Panel.Lanes))) + columnLength);
        float* scratch = pack + ((nint)unit.PanelCount * panelLength);
        float* columns = scratch + ((nint)unit.PanelCount * height * Panel.Lanes);
        for (int p = 0; p < unit.PanelCount; p++)
            PackTokens(dy, Width, g, unit.Panel + p, 0, Width, pack + ((nint)p * panelLength));
        for (int block = 0; block < sumBlocks; block++)
        {
            int k = block * Blocking.SumBlock, length = Math.Min(Blocking.SumBlock, Width - k);
            for (int feature = unit.From; feature < unit.To; feature += Panel.ColumnRows)
            {
                int rows = Math.Min(Panel.ColumnRows, unit.To - feature);
                SecondBlocks.Columns(g, k, length, feature, rows, columns);
                for (int p = 0; p < unit.PanelCount; p++)
                {
                    float* target = scratch + ((((nint)p * height) + feature - unit.From) * Panel.Lanes);
                    ColumnProduct.Multiply(run.Engine.Tiles, columns, pack + ((nint)p * panelLength) + ((nint)k * Panel.Lanes), length, target, LineBytes, rows, LanesOf(g, unit.Panel + p), block == 0 ? TileOutput.Store : TileOutput.Continue);
                    if (block == sumBlocks - 1)
                        FinishInner(run, g, unit.Panel + p, feature, rows, target);
                }
            }
        }
    }

    private void FinishInner(FeedForwardRun run, int group, int panel, int feature, int rows, float* upstream)
    {
        float* weights = stackalloc float[Panel.Lanes];
        int count = RowsOf(group, panel), firstRow = Offsets[group] + (panel * Panel.Lanes);
        for (int lane = 0; lane < Panel.Lanes; lane++)
            weights[lane] = lane < count ? WeightOf(firstRow + lane) : 0;
        int index = run.PanelStart[group] + panel;
        nint line = (((nint)index * FirstRows) + feature) * Panel.Lanes;
        float* a = run.Before + line, da = run.BeforeGradient + line;
        float* dots = run.Dots + ((((nint)(feature / Panel.ColumnRows) * run.PanelTotal) + index) * Panel.Lanes);
        new Span<float>(dots, Panel.Lanes).Clear();
        nint gate = (nint)Inner * Panel.Lanes;
        ActivationKernel.Backward(Activation, a, a + gate, upstream, weights, da, da + gate, dots, rows, Panel.Rounded(LanesOf(group, panel)));
        Panel.ToRows(upstream, rows, count, run.WeightedRows + ((nint)firstRow * Inner) + feature, Inner);
    }

    /// <summary>dx of some features: Aᵀ·da of all rows of all groups, in order.</summary>
    private void ComputeInput(FeedForwardRun run, WorkUnit unit, int member, float* dx)
    {
        int sumBlocks = Blocks(FirstRows, Blocking.SumBlock), sweep = Blocking.PanelsPerSweep(FirstRows);
        int height = Blocks(unit.To - unit.From, Panel.ColumnRows) * Panel.ColumnRows;
        int columnLength = Math.Min(FirstRows, Blocking.SumBlock) * Panel.ColumnRows;
        float* scratch = run.Engine.Scratch[member].Floats(((long)sweep * height * Panel.Lanes) + columnLength + (Panel.Lanes * Panel.ColumnRows));
        float* columns = scratch + ((nint)sweep * height * Panel.Lanes);
        float* turned = columns + columnLength;
        ClearColumns(dx, unit.From, unit.To);
        for (int g = 0; g < Groups; g++)
        {
            int panels = run.PanelStart[g + 1] - run.PanelStart[g];
            for (int from = 0; from < panels; from += sweep)
            {
                int count = Math.Min(sweep, panels - from);
                for (int block = 0; block < sumBlocks; block++)
                {
                    int k = block * Blocking.SumBlock, length = Math.Min(Blocking.SumBlock, FirstRows - k);
                    for (int feature = unit.From; feature < unit.To; feature += Panel.ColumnRows)
                    {
                        int rows = Math.Min(Panel.ColumnRows, unit.To - feature);
                        FirstBlocks.Columns(g, k, length, feature, rows, columns);
                        for (int p = 0; p < count; p++)
                        {
                            float* target = scratch + ((((nint)p * height) + feature - unit.From) * Panel.Lanes);
                            float* da = run.BeforeGradient + ((((nint)(run.PanelStart[g] + from + p) * FirstRows) + k) * Panel.Lanes);
                            ColumnProduct.Multiply(run.Engine.Tiles, columns, da, length, target, LineBytes, rows, LanesOf(g, from + p), block == 0 ? TileOutput.Store : TileOutput.Continue);
                            if (block == sumBlocks - 1)
                                Scatter(target, rows, g, from + p, weighted: false, null, turned, dx + feature);
                        }
                    }
                }
            }
        }
    }
}
