using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Panels;

/// <summary>
/// The layouts between row-major matrices and tiles.
/// <code>
/// panel:  [K, 32]   one line of 32 lanes for each k: the right operand of a tile
/// column: [K, 48]   one line of 48 rows for each k: the left operand of four tiles (<see cref="TileOperand.Columns"/>)
/// </code>
/// </summary>
internal static unsafe class Panel
{
    /// <summary>Lanes of a panel.</summary>
    public const int Lanes = TileKernels.PanelLanes;

    /// <summary>Lines between one that is copied and one that is prefetched.</summary>
    private const int Ahead = 12;

    /// <summary>Rows of a column block: four tiles.</summary>
    public const int ColumnRows = 4 * TileKernels.MaxRows;

    /// <summary>Lanes that tiles of <paramref name="count"/> tokens read: the next multiple of 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Rounded(int count) => count <= TileKernels.LaneStep ? TileKernels.LaneStep : Lanes;

    /// <summary>Transposes rows into the lanes of a panel: <c>panel[k, lane] = rows[lane][k]</c>; lanes up to <see cref="Rounded"/> are zero.</summary>
    /// <param name="rows">Addresses of the rows, [count], count ≤ 32.</param>
    /// <param name="count">Rows.</param>
    /// <param name="length">Values of a row, K.</param>
    /// <param name="panel">[K, 32].</param>
    public static void FromRows(float** rows, int count, int length, float* panel) => FromRows(rows, count, Rounded(count), length, panel);

    /// <summary>The same with the lanes that are written, 16 or 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FromRows(float** rows, int count, int lanes, int length, float* panel)
    {
        const int Side = Transposition.Side;
        float** block = stackalloc float*[Side];
        float* zeros = stackalloc float[Side];
        new Span<float>(zeros, Side).Clear();
        int whole = length / Side * Side;
        for (int lane = 0; lane < lanes; lane += Side)
        {
            if (lane + Side <= count)
            {
                float* a = rows[lane], b = rows[lane + 1], c = rows[lane + 2], d = rows[lane + 3];
                float* e = rows[lane + 4], f = rows[lane + 5], g = rows[lane + 6], h = rows[lane + 7];
                for (int k = 0; k < whole; k += Side)
                    Transposition.Block(a + k, b + k, c + k, d + k, e + k, f + k, g + k, h + k, panel + ((nint)k * Lanes) + lane, Lanes);
                continue;
            }
            for (int k = 0; k < whole; k += Side)
            {
                for (int i = 0; i < Side; i++)
                    block[i] = lane + i < count ? rows[lane + i] + k : zeros;
                Transposition.Block(block, panel + ((nint)k * Lanes) + lane, Lanes);
            }
        }
        for (int k = whole; k < length; k++)
        {
            for (int lane = 0; lane < lanes; lane++)
                panel[((nint)k * Lanes) + lane] = lane < count ? rows[lane][k] : 0;
        }
    }

    /// <summary>Copies up to <paramref name="width"/> values of each row side by side: <c>target[k, i] = rows[k][i]</c>, zero up to <paramref name="pitch"/>.</summary>
    /// <param name="rows">Addresses of the rows, [count].</param>
    /// <param name="count">Rows, the K of the product.</param>
    /// <param name="width">Values of each row, ≤ <paramref name="pitch"/>.</param>
    /// <param name="target">[count, pitch].</param>
    /// <param name="pitch">Values between rows of the target.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(float** rows, int count, int width, float* target, int pitch)
    {
        for (int k = 0; k < count; k++)
            CopyLine(rows[k], width, target + ((nint)k * pitch), pitch);
    }

    /// <summary>The same for rows a fixed stride apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(float* source, nint stride, int count, int width, float* target, int pitch)
    {
        for (int k = 0; k < count; k++)
        {
            // Lines of a matrix are pages apart, where no processor looks ahead by itself.
            if (Sse.IsSupported && k + Ahead < count)
            {
                byte* next = (byte*)(source + ((k + Ahead) * stride));
                for (int at = 0; at < width * sizeof(float); at += 64)
                    Sse.Prefetch0(next + at);
            }
            CopyLine(source + (k * stride), width, target + ((nint)k * pitch), pitch);
        }
    }

    /// <summary>Transposes lines of a panel: <c>target[lane · stride + k] = panel[k, lane]</c> for the first <paramref name="count"/> lanes.</summary>
    /// <param name="panel">[length, 32], of which lanes up to <see cref="Rounded"/> are readable.</param>
    /// <param name="length">Lines, K.</param>
    /// <param name="count">Lanes.</param>
    /// <param name="target">Rows of length values.</param>
    /// <param name="stride">Values between rows of the target.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToRows(float* panel, int length, int count, float* target, nint stride)
    {
        const int Side = Transposition.Side;
        int wholeLanes = count / Side * Side;
        int whole = length / Side * Side;
        for (int lane = 0; lane < wholeLanes; lane += Side)
        {
            for (int k = 0; k < whole; k += Side)
                Transposition.Block(panel + ((nint)k * Lanes) + lane, Lanes, target + (lane * stride) + k, stride);
            for (int k = whole; k < length; k++)
            {
                for (int i = lane; i < lane + Side; i++)
                    target[(i * stride) + k] = panel[((nint)k * Lanes) + i];
            }
        }
        for (int lane = wholeLanes; lane < count; lane++)
        {
            for (int k = 0; k < length; k++)
                target[(lane * stride) + k] = panel[((nint)k * Lanes) + lane];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyLine(float* source, int width, float* target, int pitch)
    {
        if (width == pitch)
        {
            // Lines are 32 or 48 values: whole vectors of 16.
            for (int i = 0; i < width; i += 16)
            {
                Vector256.Store(Vector256.Load(source + i), target + i);
                Vector256.Store(Vector256.Load(source + i + 8), target + i + 8);
            }
            return;
        }
        for (int i = 0; i < width; i++)
            target[i] = source[i];
        for (int i = width; i < pitch; i++)
            target[i] = 0;
    }
}
