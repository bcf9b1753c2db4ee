using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Storage;

namespace Switchyard.Kernels.FeedForward;

/// <summary>The matrices of all groups, whichever way they are stored: blocks for tiles, in place where they are fp32, else widened.</summary>
internal readonly unsafe struct MatrixBlocks
{
    /// <summary>Values between widened rows: a power of two would put all rows into the same set of a cache.</summary>
    private const int Pitch = Blocking.SumBlock + 16;

    private readonly float* _dense;
    private readonly IReadOnlyList<StoredMatrix>? _stored;
    private readonly int _rows, _columns;

    public MatrixBlocks(float* dense, IReadOnlyList<StoredMatrix>? stored, int rows, int columns)
    {
        _dense = dense;
        _stored = stored;
        _rows = rows;
        _columns = columns;
    }

    /// <summary>Floats that a caller of <see cref="Rows"/> keeps ready for <paramref name="rows"/> rows.</summary>
    public static int BufferLength(int rows) => rows * Pitch;

    /// <summary>Rows row … row + rows, columns column … column + count ≤ <see cref="Blocking.SumBlock"/>.</summary>
    /// <param name="group">Group.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns.</param>
    /// <param name="buffer">Room for the widened block.</param>
    /// <param name="stride">Values between rows of the result.</param>
    public float* Rows(int group, int row, int rows, int column, int count, float* buffer, out nint stride)
    {
        stride = _columns;
        if (_dense != null)
            return _dense + ((((nint)group * _rows) + row) * _columns) + column;
        StoredMatrix matrix = _stored![group];
        float* direct = matrix.Direct(row);
        // Rows of a stack are in one piece only on one side of the seam.
        if (direct != null && matrix.Direct(row + rows - 1) == direct + ((nint)(rows - 1) * _columns))
            return direct + column;
        stride = Pitch;
        matrix.Widen(row, rows, column, count, buffer, Pitch);
        return buffer;
    }

    /// <summary>A few whole rows, one after the other.</summary>
    public float* WholeRows(int group, int row, int rows, float* buffer)
    {
        if (_dense != null)
            return _dense + ((((nint)group * _rows) + row) * _columns);
        StoredMatrix matrix = _stored![group];
        float* direct = matrix.Direct(row);
        if (direct != null && matrix.Direct(row + rows - 1) == direct + ((nint)(rows - 1) * _columns))
            return direct;
        matrix.Widen(row, rows, 0, _columns, buffer, _columns);
        return buffer;
    }

    /// <summary>A column block for transposed products: <c>target[k, i] = W[row + k, column + i]</c>, 48 values apart.</summary>
    public void Columns(int group, int row, int rows, int column, int count, float* target)
    {
        if (_dense != null)
            Panel.Gather(_dense + ((((nint)group * _rows) + row) * _columns) + column, _columns, rows, count, target, Panel.ColumnRows);
        else
            _stored![group].Widen(row, rows, column, count, target, Panel.ColumnRows);
    }
}
