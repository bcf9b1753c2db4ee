using System.Runtime.Intrinsics.X86;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.Products;

/// <summary>Sums of outer products over tokens, which the gradients of matrices are.</summary>
internal static unsafe class TokenSum
{
    /// <summary>Tokens summed at once.</summary>
    private const int Block = 512;

    /// <summary>Bytes of all gradients of one call above which they bypass the caches.</summary>
    private const long StreamedBytes = 16 << 20;

    private const int LineBytes = Panel.Lanes * sizeof(float);

    /// <summary>Packs values at … at + width of rows first … first + count side by side.</summary>
    public delegate void Pack(int first, int count, int at, int width, float* target);

    /// <summary>Whether a result of so many values is better written past the caches: it will have left them before anyone reads it.</summary>
    public static bool BypassesCaches(long values) => values * sizeof(float) > StreamedBytes;

    /// <summary>target[row, column] = Σ over tokens of left[token, row] · right[token, column].</summary>
    /// <param name="engine">Kernels and working memory.</param>
    /// <param name="member">The thread.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="rows">Rows of the target.</param>
    /// <param name="columns">Columns of the target, and values between its rows.</param>
    /// <param name="target">[rows, columns].</param>
    /// <param name="accumulate">Whether to add to what stands there.</param>
    /// <param name="stream">Whether the target is too large to stay in a cache.</param>
    /// <param name="left">Packs up to 48 rows of left, [count, 48].</param>
    /// <param name="right">Packs up to 32 columns of right, [count, 32].</param>
    public static void Multiply(KernelEngine engine, int member, int tokens, int rows, int columns, float* target, bool accumulate, bool stream, Pack left, Pack right)
    {
        if (tokens == 0)
        {
            for (int row = 0; row < rows && !accumulate; row++)
                new Span<float>(target + ((nint)row * columns), columns).Clear();
            return;
        }
        int most = Math.Min(tokens, Block), blocks = Blocks(rows, Panel.ColumnRows);
        nint blockLength = (nint)most * Panel.ColumnRows;
        float* packed = engine.Scratch[member].Floats((blocks * blockLength) + ((long)most * Panel.Lanes) + (Panel.ColumnRows * Panel.Lanes));
        float* panel = packed + (blocks * blockLength);
        float* edge = panel + ((nint)most * Panel.Lanes);
        stream &= Sse.IsSupported && tokens <= Block && (nint)target % 64 == 0 && columns % 16 == 0;
        for (int first = 0; first < tokens; first += Block)
        {
            int count = Math.Min(Block, tokens - first);
            TileOutput output = first > 0 || accumulate ? TileOutput.Continue : stream ? TileOutput.Stream : TileOutput.Store;
            for (int b = 0; b < blocks; b++)
                left(first, count, b * Panel.ColumnRows, Math.Min(Panel.ColumnRows, rows - (b * Panel.ColumnRows)), packed + (b * blockLength));
            for (int column = 0; column < columns; column += Panel.Lanes)
            {
                int width = Math.Min(Panel.Lanes, columns - column);
                right(first, count, column, width, panel);
                for (int b = 0; b < blocks; b++)
                {
                    int row = b * Panel.ColumnRows, height = Math.Min(Panel.ColumnRows, rows - row);
                    float* corner = target + ((nint)row * columns) + column;
                    if (width % TileKernels.LaneStep == 0)
                        ColumnProduct.Multiply(engine.Tiles, packed + (b * blockLength), panel, count, corner, (nint)columns * sizeof(float), height, width, output);
                    else
                        MultiplyEdge(engine, packed + (b * blockLength), panel, count, corner, columns, height, width, output, edge);
                }
            }
        }
        if (stream)
            Sse.StoreFence();
    }

    /// <summary>A block whose last columns are fewer than a vector: by way of a buffer, so that nothing outside the matrix is touched.</summary>
    private static void MultiplyEdge(KernelEngine engine, float* columns, float* panel, int length, float* target, int pitch, int rows, int lanes, TileOutput output, float* edge)
    {
        if (output == TileOutput.Continue)
            Panel.Gather(target, pitch, rows, lanes, edge, Panel.Lanes);
        ColumnProduct.Multiply(engine.Tiles, columns, panel, length, edge, LineBytes, rows, lanes, output);
        for (int row = 0; row < rows; row++)
            new ReadOnlySpan<float>(edge + (row * Panel.Lanes), lanes).CopyTo(new Span<float>(target + ((nint)row * pitch), lanes));
    }
}
