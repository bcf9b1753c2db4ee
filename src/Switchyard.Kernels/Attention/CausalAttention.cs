using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Teams;
using Switchyard.Kernels.Tiles;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.Attention;

/// <summary>
/// O = softmax(c·Q·Kᵀ)·V, where a token sees itself and those before it, and its gradients, in fp32 on the caller's memory.
/// Groups of H / G query heads share a key and value head (Ainslie et al. 2023, arXiv 2305.13245), which is not copied for them.
/// The bits do not depend on the number of threads.
/// </summary>
/// <remarks>
/// <para>
/// Neither the scores nor the probabilities [N, N] are ever whole in memory: they are made block by block of keys × queries, and
/// made again for the gradients from the logarithm of each query's sum (Dao et al. 2022, arXiv 2205.14135, sections 3.1 and B.4):
/// </para>
/// <code>
/// S = K·Qᵀ       [keys, queries]: lanes are queries, so that softmax needs no operation across lanes
/// P = e^(c·S − L)                 L = log Σ e^(c·S) by query
/// O = Pᵀ·V                        the block is the left operand as it stands, read by columns
/// dP = V·dOᵀ, dS = P ⊙ (dP − D)   D = Σ dO ⊙ O by query
/// dV = P·dO, dK = c·dS·Q          the blocks are left operands as they stand, read by rows
/// dQ = c·dSᵀ·K
/// </code>
/// <para>All pointers must stay valid, and what is written must not overlap what is read, until a call returns.</para>
/// </remarks>
public sealed unsafe partial class CausalAttention
{
    /// <summary>Queries of a block: whole tiles in both directions, 8 of 12 rows and 3 panels of 32 lanes.</summary>
    internal const int QueryBlock = 96;

    /// <summary>Keys of a block, a multiple of <see cref="QueryBlock"/>, so that every query of a block sees a key of each block it meets.</summary>
    private const int KeyBlock = 2 * QueryBlock;

    private const int LineBytes = Panel.Lanes * sizeof(float);
    private const int BlockBytes = QueryBlock * sizeof(float);

    /// <summary>Pieces of work for each thread, at least.</summary>
    private const int PiecesPerThread = 4;

    /// <summary>Sequences, B.</summary>
    public required int Batch { get; init; }

    /// <summary>Tokens of a sequence, N.</summary>
    public required int Tokens { get; init; }

    /// <summary>Query heads, H.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads, G, a divisor of H.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>Values of a query or key, D.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Values of a value, D′.</summary>
    public required int ValueSize { get; init; }

    /// <summary>c, usually 1/√D; positive.</summary>
    public required float Scale { get; init; }

    /// <summary>Q, [B, N, H, D].</summary>
    public required HeadMemory Queries { get; init; }

    /// <summary>K, [B, N, G, D].</summary>
    public required HeadMemory Keys { get; init; }

    /// <summary>V, [B, N, G, D′].</summary>
    public required HeadMemory Values { get; init; }

    /// <summary>Computes O.</summary>
    /// <param name="engine">Threads, kernels and working memory.</param>
    /// <param name="output">O, [B, N, H, D′].</param>
    /// <param name="logSums">L to the base 2, [B, H, N], which <see cref="Backward"/> wants; or null.</param>
    public void Forward(KernelEngine engine, HeadMemory output, float* logSums)
    {
        Validate();
        var queue = new WorkQueue<AttentionWork>();
        int blocks = Blocks(Tokens, QueryBlock), step = HeadStep(engine.Threads);
        long costOfSquare = (long)QueryBlock * QueryBlock / 2 * Group * (HeadSize + ValueSize);
        int parts = engine.Threads == 1 ? 1 : Math.Clamp(Blocks(engine.Threads * PiecesPerThread, Math.Max(1, Batch * KeyHeads)), 1, Math.Max(1, blocks));
        for (int sequence = 0; sequence < Batch; sequence++)
        {
            for (int head = 0; head < KeyHeads; head += step)
            {
                for (int part = 0; part < parts; part++)
                {
                    int from = blocks * part / parts, to = blocks * (part + 1) / parts, end = Math.Min(KeyHeads, head + step);
                    queue.Add(new AttentionWork(sequence, head, end, from, to), (end - head) * (((long)to * to) - ((long)from * from)) * costOfSquare);
                }
            }
        }
        Run(engine, queue, (work, member) => Mix(engine, member, work, output, logSums));
    }

    /// <summary>Computes all gradients.</summary>
    /// <param name="engine">Threads, kernels and working memory.</param>
    /// <param name="output">O, as <see cref="Forward"/> left it.</param>
    /// <param name="logSums">L, as <see cref="Forward"/> left it.</param>
    /// <param name="slope">dO, [B, N, H, D′].</param>
    /// <param name="queries">dQ, [B, N, H, D].</param>
    /// <param name="keys">dK, [B, N, G, D].</param>
    /// <param name="values">dV, [B, N, G, D′].</param>
    public void Backward(KernelEngine engine, HeadMemory output, float* logSums, HeadMemory slope, HeadMemory queries, HeadMemory keys, HeadMemory values)
    {
        Validate();
        var gradients = new AttentionGradients(output, logSums, slope, queries, keys, values);
        var queue = new WorkQueue<AttentionWork>();
        int step = HeadStep(engine.Threads);
        long costOfHead = (long)Tokens * Tokens / 2 * Group * ((3L * HeadSize) + (2L * ValueSize));
        for (int sequence = 0; sequence < Batch; sequence++)
        {
            for (int head = 0; head < KeyHeads; head += step)
                queue.Add(new AttentionWork(sequence, head, Math.Min(KeyHeads, head + step), 0, Blocks(Tokens, QueryBlock)), Math.Min(step, KeyHeads - head) * costOfHead);
        }
        Run(engine, queue, (work, member) => Differentiate(engine, member, work, gradients));
    }

    private int Group => Heads / KeyHeads;

    private float BaseTwoScale => Scale * 1.44269504f;

    /// <summary>Key and value heads of a piece: more than one where there are many, so that the next one's memory is asked for in time.</summary>
    private int HeadStep(int threads) => (int)Math.Clamp((long)Batch * KeyHeads / (threads * 2L * PiecesPerThread), 1, KeyHeads);

    private void Validate()
    {
        if (Batch < 0 || Tokens < 0 || HeadSize <= 0 || ValueSize <= 0 || KeyHeads <= 0 || Heads <= 0 || Heads % KeyHeads != 0)
            throw new InvalidOperationException($"Sizes are B = {Batch}, N = {Tokens}, H = {Heads}, G = {KeyHeads}, D = {HeadSize}, D′ = {ValueSize}; expected B and N ≥ 0, the others > 0, and G a divisor of H.");
        if (!(Scale > 0))
            throw new InvalidOperationException($"The factor on the scores is {Scale}; expected more than 0.");
        if (Batch * Tokens > 0 && (Queries.IsMissing || Keys.IsMissing || Values.IsMissing))
            throw new InvalidOperationException("Queries, Keys or Values is missing.");
    }

    private void Run(KernelEngine engine, WorkQueue<AttentionWork> queue, Action<AttentionWork, int> work)
    {
        if (Tokens == 0 || Batch == 0)
            return;
        lock (engine.Gate)
            queue.Drain(engine.Team, work);
    }

    /// <summary>scores[key, query] = Σ left[key] · right[query] for the queries of a panel and the keys that they see, in whole tiles.</summary>
    /// <param name="tiles">Kernels.</param>
    /// <param name="block">Which keys and queries.</param>
    /// <param name="panel">Which panel.</param>
    /// <param name="left">First key's row, rows <paramref name="pitch"/> values apart.</param>
    /// <param name="pitch">Values between rows.</param>
    /// <param name="size">Values of a row.</param>
    /// <param name="right">Queries, [3, size, 32].</param>
    /// <param name="scores">[keys, 96].</param>
    private static void Multiply(TileKernels tiles, AttentionBlock block, int panel, float* left, int pitch, int size, float* right, float* scores)
    {
        TileArguments tile = default;
        tile.AStride = (nint)pitch * sizeof(float);
        tile.CStride = BlockBytes;
        tile.K = size;
        tile.B = right + ((nint)panel * size * Panel.Lanes);
        int keys = block.KeysOf(panel), lanes = block.LanesOf(panel);
        for (int key = 0; key < keys; key += TileKernels.MaxRows)
        {
            int rows = Math.Min(TileKernels.MaxRows, keys - key), half = (rows + 1) / 2;
            tile.A0 = left + ((nint)key * pitch);
            tile.A1 = tile.A0 + ((nint)half * pitch);
            tile.C0 = scores + ((nint)key * QueryBlock) + (panel * Panel.Lanes);
            tile.C1 = tile.C0 + ((nint)half * QueryBlock);
            tiles.Multiply(&tile, rows, lanes, TileOperand.Rows, TileOutput.Store);
        }
    }

    /// <summary>target[query] = (or continues) Σ over the keys that a tile of queries sees of block[key, query] · right[key].</summary>
    /// <param name="tiles">Kernels.</param>
    /// <param name="block">Which keys and queries.</param>
    /// <param name="weights">[keys, 96].</param>
    /// <param name="right">Rows of all keys in panels, [⌈size/32⌉, length, 32].</param>
    /// <param name="length">Rows of a panel.</param>
    /// <param name="size">Values of a row.</param>
    /// <param name="target">[⌈size/32⌉, 96, 32].</param>
    private static void SumOverKeys(TileKernels tiles, AttentionBlock block, float* weights, float* right, int length, int size, float* target)
    {
        TileArguments tile = default;
        tile.AStride = BlockBytes;
        tile.CStride = LineBytes;
        TileOutput output = block.FirstKey == 0 ? TileOutput.Store : TileOutput.Continue;
        for (int query = 0; query < block.QueryCount; query += TileKernels.MaxRows)
        {
            int rows = Math.Min(TileKernels.MaxRows, block.QueryCount - query), half = (rows + 1) / 2;
            tile.A0 = weights + query;
            tile.K = Math.Min(block.KeyCount, block.FirstQuery + query + rows - block.FirstKey);
            for (int at = 0, slice = 0; at < size; at += Panel.Lanes, slice++)
            {
                tile.B = right + ((((nint)slice * length) + block.FirstKey) * Panel.Lanes);
                tile.C0 = target + (((slice * QueryBlock) + query) * Panel.Lanes);
                tile.C1 = tile.C0 + (half * Panel.Lanes);
                tiles.Multiply(&tile, rows, Math.Min(Panel.Lanes, size - at), TileOperand.Columns, output);
            }
        }
    }

    /// <summary>Transposes the queries of a block into panels, [3, size, 32].</summary>
    private static void Turn(HeadMemory source, AttentionBlock block, int sequence, int head, int size, float* panels)
    {
        float** rows = stackalloc float*[Panel.Lanes];
        for (int panel = 0; panel < block.Panels; panel++)
        {
            int count = block.LanesOf(panel);
            for (int i = 0; i < count; i++)
                rows[i] = source.At(sequence, block.FirstQuery + (panel * Panel.Lanes) + i, head);
            Panel.FromRows(rows, count, size, panels + ((nint)panel * size * Panel.Lanes));
        }
    }

    /// <summary>Copies rows into panels of 32 values, [⌈size/32⌉, count, 32], with zeros behind the last.</summary>
    private static void Slice(float* source, nint stride, int count, int size, float* panels)
    {
        for (int at = 0; at < size; at += Panel.Lanes)
            Panel.Gather(source + at, stride, count, Math.Min(Panel.Lanes, size - at), panels + ((nint)at * count), Panel.Lanes);
    }

    /// <summary>Values between packed rows that are left operands: those of a panel where there is only one.</summary>
    internal static int Pitch(int size) => size <= Panel.Lanes ? Panel.Lanes : Blocks(size, 16) * 16;

    internal static int Sliced(int size) => Blocks(size, Panel.Lanes) * Panel.Lanes;
}
