using Switchyard.Kernels.FeedForward;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Storage;
using Switchyard.Kernels.Streams;
using Switchyard.Kernels.Teams;
using Switchyard.Kernels.Tiles;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.Products;

/// <summary>
/// The product of a dense layer, y[M, N] = x[M, K] · W[N, K]ᵀ + b, and its gradients, in fp32 on the caller's memory, with
/// the weights read where they lie. The bits do not depend on the number of threads.
/// </summary>
/// <remarks>All pointers must stay valid, and what is written must not overlap what is read, until a call returns.</remarks>
public sealed unsafe partial class DenseProduct
{
    private const int LineBytes = Panel.Lanes * sizeof(float);

    /// <summary>Rows of x and y, M.</summary>
    public required int Rows { get; init; }

    /// <summary>Values of a row of x, K.</summary>
    public required int Inputs { get; init; }

    /// <summary>Values of a row of y, N.</summary>
    public required int Outputs { get; init; }

    /// <summary>[M, K].</summary>
    public required float* X { get; init; }

    /// <summary>W in fp32, [N, K]; or null, and <see cref="StoredWeights"/> holds it.</summary>
    public float* Weights { get; init; }

    /// <summary>W of any storage type, [N, K], read where it lies; it has no gradient.</summary>
    public StoredMatrix? StoredWeights { get; init; }

    /// <summary>What <see cref="Forward"/> multiplies with more than eight rows (three, if it is bf16; sixteen, if W is integers that <c>vpdpbusd</c> multiplies): fp32, bf16 or int16. <see cref="Backward"/> computes in fp32.</summary>
    public Arithmetic Arithmetic { get; init; }

    /// <summary>b, [N], or null.</summary>
    public float* Bias { get; init; }

    /// <summary>Computes y.</summary>
    /// <param name="engine">Threads, kernels and working memory.</param>
    /// <param name="y">[M, N].</param>
    public void Forward(KernelEngine engine, float* y)
    {
        Validate();
        if (Rows == 0)
            return;
        lock (engine.Gate)
        {
            if (Rows <= StreamingProduct.MostTokens(Arithmetic, Matrix.AreFourBytes(engine, Arithmetic)))
                RunStream(engine, y);
            else
                Run(engine, Inputs, Outputs, (unit, member) => ForwardPanels(engine, unit, member, y));
        }
    }

    /// <summary>dx = dy · W, dW = dyᵀ · x, db = Σ dy; a null result is not computed.</summary>
    /// <param name="engine">Threads, kernels and working memory.</param>
    /// <param name="dy">[M, N].</param>
    /// <param name="dx">[M, K] or null.</param>
    /// <param name="weights">Gradient of W, [N, K], or null.</param>
    /// <param name="bias">Gradient of b, [N], or null; only together with <paramref name="weights"/>.</param>
    /// <param name="accumulate">Whether the gradients of W and b are added to what stands there.</param>
    public void Backward(KernelEngine engine, float* dy, float* dx, float* weights, float* bias = null, bool accumulate = false)
    {
        Validate();
        lock (engine.Gate)
        {
            if (dx != null && Rows > 0)
                Run(engine, Outputs, Inputs, (unit, member) => BackwardPanels(engine, unit, member, dy, dx));
            if (weights == null)
                return;
            if (Weights == null && Rows > 0)
                throw new InvalidOperationException("Stored weights have no gradient.");
            var queue = new WorkQueue<WorkUnit>();
            int step = GradientStep(engine.Threads);
            for (int from = 0; from < Outputs; from += step)
                queue.Add(new WorkUnit(WorkKind.FirstGradient, 0, 0, 0, from, Math.Min(Outputs, from + step)), (long)Math.Min(step, Outputs - from) * Rows * Inputs);
            queue.Drain(engine.Team, (unit, member) => SumGradient(engine, unit, member, dy, weights, bias, accumulate));
        }
    }

    private MatrixBlocks Matrix => new(Weights, StoredWeights is null ? null : [StoredWeights], Outputs, Inputs);

    private PanelEncoding Encoding => new(Arithmetic, 0);

    private void Validate()
    {
        if (Rows < 0 || Inputs <= 0 || Outputs <= 0)
            throw new InvalidOperationException($"Sizes are M = {Rows}, K = {Inputs}, N = {Outputs}; expected M ≥ 0, K and N > 0.");
        if (Rows > 0 && (X == null || (Weights == null && StoredWeights is null)))
            throw new InvalidOperationException("X or Weights is missing.");
        if (StoredWeights is { } stored && (stored.Rows != Outputs || stored.Columns != Inputs))
            throw new InvalidOperationException($"The stored weights are [{stored.Rows}, {stored.Columns}]; expected [{Outputs}, {Inputs}].");
        if (Arithmetic == Arithmetic.Int8)
            throw new InvalidOperationException($"There is no dense product in {Arithmetic}.");
    }

    /// <summary>Pieces of some panels × some features; every sweep of panels reads all weights of its features once.</summary>
    private void Run(KernelEngine engine, int length, int features, Action<WorkUnit, int> work)
    {
        var queue = new WorkQueue<WorkUnit>();
        int panels = Blocks(Rows, Panel.Lanes), sweeps = Blocks(panels, Blocking.PanelsPerSweep(length));
        int parts = Math.Clamp(Blocks(engine.Threads * Blocking.PiecesPerThread, sweeps), 1, Blocks(features, 2 * Panel.ColumnRows));
        int step = engine.Threads == 1 ? features : Blocks(Blocks(features, parts), Panel.ColumnRows) * Panel.ColumnRows;
        for (int sweep = 0, at = 0; sweep < sweeps; sweep++)
        {
            int take = (panels - at + sweeps - sweep - 1) / (sweeps - sweep);
            for (int from = 0; from < features; from += step)
            {
                int to = Math.Min(features, from + step);
                queue.Add(new WorkUnit(WorkKind.First, 0, at, take, from, to), (long)take * Panel.Lanes * (to - from) * length);
            }
            at += take;
        }
        queue.Drain(engine.Team, work);
    }

    /// <summary>Rows of dW in a piece of work: all threads get equally many pieces of whole tiles.</summary>
    private int GradientStep(int threads)
    {
        int pieces = Blocks(Blocks(Outputs, Blocking.GradientRows), threads) * threads;
        return Blocks(Blocks(Outputs, pieces), TileKernels.MaxRows) * TileKernels.MaxRows;
    }

    private int LanesOf(int panel) => Math.Min(Panel.Lanes, Rows - (panel * Panel.Lanes));

    private static void PackRows(float* source, int width, int firstRow, int count, float* panel)
    {
        float** rows = stackalloc float*[Panel.Lanes];
        for (int i = 0; i < count; i++)
            rows[i] = source + ((nint)(firstRow + i) * width);
        Panel.FromRows(rows, count, width, panel);
    }
}
