using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Products;

/// <summary>Products whose left operand is a column block, [K, 48].</summary>
internal static unsafe class ColumnProduct
{
    /// <summary>target[rows, lanes] = (or continues) Σ_k columns[k, row] · panel[k, lane].</summary>
    /// <param name="tiles">Kernels.</param>
    /// <param name="columns">[length, 48].</param>
    /// <param name="panel">[length, 32].</param>
    /// <param name="length">K.</param>
    /// <param name="target">First of the rows.</param>
    /// <param name="targetBytes">Bytes between rows of the target.</param>
    /// <param name="rows">1 to 48.</param>
    /// <param name="lanes">1 to 32; the next multiple of 16 is written.</param>
    /// <param name="output">Whether to continue what stands there.</param>
    public static void Multiply(TileKernels tiles, float* columns, float* panel, int length, float* target, nint targetBytes, int rows, int lanes, TileOutput output)
    {
        TileArguments tile = default;
        tile.AStride = Panel.ColumnRows * sizeof(float);
        tile.CStride = targetBytes;
        tile.K = length;
        tile.B = panel;
        for (int row = 0; row < rows; row += TileKernels.MaxRows)
        {
            int count = Math.Min(TileKernels.MaxRows, rows - row);
            tile.A0 = columns + row;
            tile.C0 = (float*)((byte*)target + (row * targetBytes));
            tile.C1 = (float*)((byte*)tile.C0 + ((count + 1) / 2 * targetBytes));
            tiles.Multiply(&tile, count, lanes, TileOperand.Columns, output);
        }
    }
}
