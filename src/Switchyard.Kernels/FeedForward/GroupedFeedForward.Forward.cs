using Switchyard.Kernels.Activations;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.FeedForward;

public sealed unsafe partial class GroupedFeedForward
{
    private const int LineBytes = Panel.Lanes * sizeof(float);

    /// <summary>Computes y.</summary>
    /// <param name="engine">Threads, kernels and working memory.</param>
    /// <param name="y">The result, [T, d]; tokens without a row become 0, or stay as they are where results are added.</param>
    /// <param name="saved">Memory of <see cref="SavedLength"/> floats, to be passed to <see cref="Backward"/>; or null, and the backward recomputes.</param>
    /// <param name="adds">Whether <paramref name="y"/> holds the sum over earlier groups, which is added to: groups that are computed in several calls, in order, give the bits of one.</param>
    /// <exception cref="InvalidOperationException">Sizes, offsets or row indices do not fit together.</exception>
    public void Forward(KernelEngine engine, float* y, float* saved = null, bool adds = false)
    {
        Validate();
        if (Tokens == 0)
            return;
        ArgumentNullException.ThrowIfNull(y);
        lock (engine.Gate)
        {
            var run = new FeedForwardRun(engine, PanelStarts(), StreamedRows(engine)) { Before = saved, Adds = adds };
            run.After = engine.Shared[0].Floats((long)run.PanelTotal * Inner * Panel.Lanes);
            RunFirst(run);
            EncodeInner(run);
            AddFeatureUnits(run, WorkKind.Second);
            run.Drain((unit, member) => ComputeSecond(run, unit, member, y));
        }
    }

    /// <summary>First products of all groups: x → <see cref="FeedForwardRun.After"/>, and <see cref="FeedForwardRun.Before"/> where wanted.</summary>
    private void RunFirst(FeedForwardRun run)
    {
        AddPanelUnits(run, WorkKind.First, Blocking.PanelsPerSweep(Width), FirstRows * (long)Width);
        run.Drain((unit, member) => ComputeFirst(run, unit, member));
    }

    /// <summary>The inner values as the second product reads them, panel by panel.</summary>
    private void EncodeInner(FeedForwardRun run)
    {
        PanelEncoding encoding = SecondEncoding;
        run.Encoded = run.After;
        if (encoding.IsPlain)
            return;
        run.Encoded = run.Engine.Shared[1].Floats((long)run.PanelTotal * encoding.Lines(Inner) * Panel.Lanes);
        for (int g = 0; g < Groups; g++)
        {
            for (int panel = 0; ComputedOf(g) > run.StreamedRows && panel < run.PanelStart[g + 1] - run.PanelStart[g]; panel++)
                run.Queue.Add(new WorkUnit(WorkKind.Encode, g, panel, 1, 0, Inner), (long)Inner * LanesOf(g, panel));
        }
        run.Drain((unit, _) =>
        {
            nint index = run.PanelStart[unit.Group] + unit.Panel;
            encoding.Encode(run.After + (index * Inner * Panel.Lanes), Inner, Panel.Rounded(LanesOf(unit.Group, unit.Panel)), run.Encoded + (index * encoding.Lines(Inner) * Panel.Lanes));
        });
    }

    /// <summary>Pieces of some panels × some features of one group, the features cut only where the panels alone are too few.</summary>
    private void AddPanelUnits(FeedForwardRun run, WorkKind kind, int panels, long costOfLane)
    {
        long total = 0;
        for (int g = 0; g < Groups; g++)
            total += ComputedOf(g) * costOfLane;
        long target = Math.Max(1, total / (run.Engine.Threads * Blocking.PiecesPerThread));
        for (int g = 0; g < Groups; g++)
        {
            int count = run.PanelStart[g + 1] - run.PanelStart[g];
            // Even sweeps: five panels as 3 + 2, not 4 + 1.
            int sweeps = Blocks(count, panels);
            for (int sweep = 0, at = 0; sweep < sweeps; sweep++)
            {
                int take = (count - at + sweeps - sweep - 1) / (sweeps - sweep);
                long cost = Math.Min(take * Panel.Lanes, ComputedOf(g) - (at * Panel.Lanes)) * costOfLane;
                int parts = run.Engine.Threads == 1 ? 1 : (int)Math.Clamp(cost / target, 1, Blocks(Inner, 2 * Panel.ColumnRows));
                int step = Blocks(Blocks(Inner, parts), Panel.ColumnRows) * Panel.ColumnRows;
                for (int from = 0; from < Inner; from += step)
                {
                    int to = Math.Min(Inner, from + step);
                    run.Queue.Add(new WorkUnit(kind, g, at, take, from, to), cost * (to - from) / Inner);
                }
                at += take;
            }
        }
    }

    /// <summary>Pieces of some features of d over all groups: whoever owns a feature adds all its rows, in order.</summary>
    private void AddFeatureUnits(FeedForwardRun run, WorkKind kind)
    {
        int blocks = Blocks(Width, Panel.ColumnRows);
        int parts = Math.Min(blocks, run.Engine.Threads == 1 ? 1 : run.Engine.Threads * Blocking.PiecesPerThread);
        long costOfFeature = (long)Rows * (kind == WorkKind.Second ? Inner : FirstRows);
        for (int part = 0, at = 0; part < parts; part++)
        {
            int take = (blocks - at + parts - part - 1) / (parts - part);
            int from = at * Panel.ColumnRows, to = Math.Min(Width, (at + take) * Panel.ColumnRows);
            run.Queue.Add(new WorkUnit(kind, 0, 0, 0, from, to), costOfFeature * (to - from));
            at += take;
        }
    }

    private void ComputeFirst(FeedForwardRun run, WorkUnit unit, int member)
    {
        if (ComputedOf(unit.Group) <= run.StreamedRows)
        {
            StreamFirst(run, unit, member);
            return;
        }
        bool gated = ActivationKernel.IsGated(Activation);
        int g = unit.Group, sumBlocks = Blocks(Width, Blocking.SumBlock), features = unit.To - unit.From;
        int half = gated ? TileKernels.MaxRows / 2 : TileKernels.MaxRows;
        PanelEncoding encoding = FirstEncoding;
        int panelLength = encoding.Lines(Width) * Panel.Lanes;
        bool keep = run.Before != null;
        bool whole = !keep && sumBlocks > 1;
        int sides = gated ? 2 : 1;
        // Before the activation: kept for the backward; or, where the sum is cut, all features of the piece; or one tile.
        float* pack = run.Engine.Scratch[member].Floats(((long)unit.PanelCount * panelLength) + ((whole ? (long)unit.PanelCount * features * sides : TileKernels.MaxRows) * Panel.Lanes) + MatrixBlocks.BufferLength(TileKernels.MaxRows) + (encoding.IsPlain ? 0 : (long)Width * Panel.Lanes));
        float* wide = pack + ((nint)unit.PanelCount * panelLength);
        float* scratch = wide + MatrixBlocks.BufferLength(TileKernels.MaxRows);
        float* plain = scratch + ((whole ? (nint)unit.PanelCount * features * sides : TileKernels.MaxRows) * Panel.Lanes);
        for (int p = 0; p < unit.PanelCount; p++)
        {
            float* packed = pack + ((nint)p * panelLength);
            PackTokens(X, Width, g, unit.Panel + p, 0, Width, encoding.IsPlain ? packed : plain);
            encoding.Encode(plain, Width, Panel.Rounded(LanesOf(g, unit.Panel + p)), packed);
        }

        MatrixBlocks weights = FirstBlocks;
        float* scales = stackalloc float[MatrixBlocks.ScalesLength];
        TileArguments tile = default;
        tile.CStride = LineBytes;
        tile.Scales = scales;
        tile.Steps = encoding.Group / 4;
        for (int block = 0; block < sumBlocks; block++)
        {
            int k = block * Blocking.SumBlock;
            int length = Math.Min(Blocking.SumBlock, Width - k);
            tile.K = encoding.Elements(length);
            TileOutput output = block == 0 ? TileOutput.Store : TileOutput.Continue;
            for (int feature = unit.From; feature < unit.To; feature += half)
            {
                int count = Math.Min(half, unit.To - feature);
                int first = (count + 1) / 2;
                tile.A0 = weights.Rows(encoding, g, feature, count, k, length, wide, out nint stride, scales);
                tile.A1 = gated ? weights.Rows(encoding, g, Inner + feature, count, k, length, wide + MatrixBlocks.BufferLength(half), out stride, scales + count) : (float*)((byte*)tile.A0 + (first * stride));
                tile.AStride = stride;
                for (int p = 0; p < unit.PanelCount; p++)
                {
                    int panel = run.PanelStart[g] + unit.Panel + p;
                    int lanes = LanesOf(g, unit.Panel + p);
                    tile.B = pack + ((nint)p * panelLength) + ((nint)encoding.Lines(k) * Panel.Lanes);
                    tile.C0 = keep ? run.Before + ((((nint)panel * FirstRows) + feature) * Panel.Lanes)
                        : whole ? scratch + ((((nint)p * features * sides) + feature - unit.From) * Panel.Lanes)
                        : scratch;
                    nint upper = keep ? Inner : whole ? features : half;
                    tile.C1 = tile.C0 + ((gated ? upper : first) * Panel.Lanes);
                    run.Engine.Tiles.Multiply(&tile, gated ? 2 * count : count, lanes, TileOperand.Rows, output, encoding.Arithmetic);
                    if (block < sumBlocks - 1)
                        continue;
                    AddFirstBias(g, feature, count, gated, tile.C0, tile.C1, lanes);
                    float* h = run.After + ((((nint)panel * Inner) + feature) * Panel.Lanes);
                    ActivationKernel.Forward(Activation, tile.C0, tile.C1, h, count, Panel.Rounded(lanes));
                }
            }
        }
    }

    private void ComputeSecond(FeedForwardRun run, WorkUnit unit, int member, float* y)
    {
        int features = unit.To - unit.From, sumBlocks = Blocks(Inner, Blocking.SumBlock), sweep = Blocking.PanelsPerSweep(Inner);
        int height = sumBlocks > 1 ? Blocks(features, Panel.ColumnRows) * Panel.ColumnRows : Panel.ColumnRows;
        float* scratch = run.Engine.Scratch[member].Floats(((long)sweep * height * Panel.Lanes) + (Panel.Lanes * Panel.ColumnRows) + Math.Max(MatrixBlocks.BufferLength(TileKernels.MaxRows), MatrixBlocks.StreamBuffer + Streams.StreamTokens.MostFloats(run.StreamedRows, Inner)));
        float* turned = scratch + ((nint)sweep * height * Panel.Lanes);
        float* wide = turned + (Panel.Lanes * Panel.ColumnRows);
        MatrixBlocks weights = SecondBlocks;
        PanelEncoding encoding = SecondEncoding;
        if (!run.Adds)
            ClearColumns(y, unit.From, unit.To);
        float* scales = stackalloc float[MatrixBlocks.ScalesLength];
        TileArguments tile = default;
        tile.CStride = LineBytes;
        tile.Scales = scales;
        tile.Steps = encoding.Group / 4;
        for (int g = 0; g < Groups; g++)
        {
            if (ComputedOf(g) <= run.StreamedRows)
            {
                StreamSecond(run, unit, wide, g, y);
                continue;
            }
            int panels = run.PanelStart[g + 1] - run.PanelStart[g];
            for (int from = 0; from < panels; from += sweep)
            {
                int count = Math.Min(sweep, panels - from);
                for (int block = 0; block < sumBlocks; block++)
                {
                    int k = block * Blocking.SumBlock;
                    int length = Math.Min(Blocking.SumBlock, Inner - k);
                    tile.K = encoding.Elements(length);
                    for (int feature = unit.From; feature < unit.To; feature += Panel.ColumnRows)
                    {
                        int rows = Math.Min(Panel.ColumnRows, unit.To - feature);
                        float* block0 = scratch + (sumBlocks > 1 ? (nint)(feature - unit.From) * Panel.Lanes : 0);
                        for (int row = 0; row < rows; row += TileKernels.MaxRows)
                        {
                            int tileRows = Math.Min(TileKernels.MaxRows, rows - row);
                            int first = (tileRows + 1) / 2;
                            tile.A0 = weights.Rows(encoding, g, feature + row, tileRows, k, length, wide, out nint stride, scales);
                            tile.A1 = (float*)((byte*)tile.A0 + (first * stride));
                            tile.AStride = stride;
                            for (int p = 0; p < count; p++)
                            {
                                tile.B = run.Encoded + ((((nint)(run.PanelStart[g] + from + p) * encoding.Lines(Inner)) + encoding.Lines(k)) * Panel.Lanes);
                                tile.C0 = block0 + ((((nint)p * height) + row) * Panel.Lanes);
                                tile.C1 = tile.C0 + (first * Panel.Lanes);
                                run.Engine.Tiles.Multiply(&tile, tileRows, LanesOf(g, from + p), TileOperand.Rows, block == 0 ? TileOutput.Store : TileOutput.Continue, encoding.Arithmetic);
                            }
                        }
                        if (block < sumBlocks - 1)
                            continue;
                        float* bias = SecondBias == null ? null : SecondBias + ((nint)g * Width) + feature;
                        for (int p = 0; p < count; p++)
                            Scatter(block0 + ((nint)p * height * Panel.Lanes), rows, g, from + p, weighted: true, bias, turned, y + feature);
                    }
                }
            }
        }
    }
}
