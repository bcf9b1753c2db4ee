namespace Switchyard.Kernels.Tiles;

/// <summary>How the left operand of a tile lies in memory.</summary>
internal enum TileOperand
{
    /// <summary>Row-major where it was stored: k contiguous, rows a stride apart.</summary>
    Rows = 0,

    /// <summary>Packed by columns: the rows of a tile contiguous, values of k a stride apart.</summary>
    Columns = 1,
}
