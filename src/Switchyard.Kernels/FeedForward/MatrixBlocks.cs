using System.Runtime.CompilerServices;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Storage;
using Switchyard.Kernels.Streams;
using Switchyard.Kernels.Tiles;

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

    /// <summary>Floats of the scales of a block.</summary>
    public const int ScalesLength = Blocking.SumBlock / SmallestGroup * TileKernels.MaxRows;

    /// <summary>The smallest S of <see cref="PanelEncoding"/>.</summary>
    public const int SmallestGroup = 32;

    /// <summary>S of <see cref="PanelEncoding"/>: the largest of 128, 64 and 32 that divides the groups of all matrices; 0 if there is none.</summary>
    public int CommonGroup
    {
        get
        {
            IReadOnlyList<StoredMatrix>? stored = _stored;
            return stored is null ? 0 : new[] { 128, 64, SmallestGroup }.FirstOrDefault(s => stored.All(m => m.SharesScales(s)));
        }
    }

    /// <summary>Floats that a caller of <see cref="Rows"/> keeps ready for <paramref name="rows"/> rows.</summary>
    public static int BufferLength(int rows) => rows * Pitch;

    /// <summary>Rows row … row + rows, columns column … column + count ≤ <see cref="Blocking.SumBlock"/>, as a tile of an arithmetic reads them: in place where they are stored so, else converted.</summary>
    /// <param name="encoding">What the tile computes with.</param>
    /// <param name="group">Group.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column, even.</param>
    /// <param name="count">Columns.</param>
    /// <param name="buffer">Room for the converted block.</param>
    /// <param name="stride">Bytes between rows of the result.</param>
    /// <param name="scales">Where scales of int8 go, [groups, 12].</param>
    public float* Rows(PanelEncoding encoding, int group, int row, int rows, int column, int count, float* buffer, out nint stride, float* scales)
    {
        Arithmetic arithmetic = encoding.Arithmetic;
        if (arithmetic == Arithmetic.Int8)
        {
            stride = Pitch;
            _stored![group].Codes(row, rows, column, count, (byte*)buffer, stride, encoding.Group, scales);
            return buffer;
        }
        float* wide = _dense != null ? Dense(group, row) : Direct(_stored![group], row, rows);
        stride = (nint)_columns * sizeof(float);
        if (arithmetic == Arithmetic.Fp32 && wide != null)
            return wide + column;
        // The last pair of an odd row would reach into what follows.
        if (arithmetic == Arithmetic.Bf16 && _dense == null && count % 2 == 0 && DirectBFloat16(_stored![group], row, rows) is var narrow && narrow != null)
        {
            stride = (nint)_columns * sizeof(ushort);
            return (float*)(narrow + column);
        }
        stride = Pitch * sizeof(float);
        if (wide == null)
            _stored![group].Widen(row, rows, column, count, buffer, Pitch);
        if (arithmetic == Arithmetic.Bf16)
        {
            for (int r = 0; r < rows; r++)
            {
                var target = (ushort*)(buffer + (r * Pitch));
                BFloat16Rounding.Row(wide != null ? wide + ((nint)r * _columns) + column : (float*)target, count, target);
                target[count] = 0;
            }
        }
        return buffer;
    }

    /// <summary>Floats that a caller of <see cref="Stream(int, int, int, in StreamTokens, float*, float*)"/> keeps ready.</summary>
    public const int StreamBuffer = StreamingProduct.Rows * StreamPitch;

    private const int StreamPitch = StreamingProduct.Block + 16;

    /// <summary>Products of up to eight whole rows with up to <see cref="StreamingProduct.MaxTokens"/> tokens: <c>results[token · 8 + row]</c>. The rows are read once, and widened in registers or in the first cache.</summary>
    [SkipLocalsInit]
    public void Stream(int group, int row, int rows, in StreamTokens tokens, float* buffer, float* results)
    {
        if (tokens.AreIntegers)
            _stored![group].Multiply(row, rows, tokens, results);
        else
            Stream(group, row, rows, tokens.Rows, tokens.Count, buffer, results);
    }

    /// <summary>What rows of a group's matrix are multiplied as: integers, where they are and the arithmetic is not fp32.</summary>
    public IntegerForm IntegerForm(int group, Arithmetic arithmetic) => arithmetic == Arithmetic.Fp32 || _stored is null ? Streams.IntegerForm.None : _stored[group].IntegerForm;

    /// <summary>Whether rows are multiplied four bytes at a time. All matrices are taken to be stored as the first one is, which is a matter of speed alone.</summary>
    public bool AreFourBytes(KernelEngine engine, Arithmetic arithmetic) => _stored is { Count: > 0 } && IntegerForm(0, arithmetic) != Streams.IntegerForm.None && engine.Rows.AreSupported;

    [SkipLocalsInit]
    private void Stream(int group, int row, int rows, float** tokens, int count, float* buffer, float* results)
    {
        if (_stored?[group].Multiply(row, rows, tokens, count, results) == true)
            return;
        float* sums = stackalloc float[StreamingProduct.MaxTokens * StreamingProduct.SumsOfToken];
        new Span<float>(sums, count * StreamingProduct.SumsOfToken).Clear();
        float* wide = _dense != null ? Dense(group, row) : Direct(_stored![group], row, rows);
        if (wide != null)
            StreamingProduct.Add(wide, _columns, rows, tokens, 0, count, _columns, sums);
        for (int k = 0; wide == null && k < _columns; k += StreamingProduct.Block)
        {
            int length = Math.Min(StreamingProduct.Block, _columns - k);
            bool last = k + length == _columns;
            int nextRow = last ? row + rows : row, next = last ? 0 : k + length;
            StoredMatrix matrix = _stored![group];
            // Asked for row by row between the rows' own work: all at once would wait for each other.
            int step = matrix.HasRows ? 1 : rows;
            for (int r = 0; r < rows; r += step)
            {
                for (int i = r; i < r + step && nextRow + i < _rows; i++)
                    matrix.Prefetch(nextRow + i, next, Math.Min(StreamingProduct.Block, _columns - next));
                matrix.Widen(row + r, step, k, length, buffer + (r * StreamPitch), StreamPitch);
            }
            StreamingProduct.Add(buffer, StreamPitch, rows, tokens, k, count, length, sums);
        }
        for (int t = 0; t < count; t++)
        {
            for (int r = 0; r < rows; r++)
                results[(t * StreamingProduct.Rows) + r] = StreamingProduct.Total(sums + (t * StreamingProduct.SumsOfToken), r);
        }
    }

    /// <summary>A column block for transposed products: <c>target[k, i] = W[row + k, column + i]</c>, 48 values apart.</summary>
    public void Columns(int group, int row, int rows, int column, int count, float* target)
    {
        if (_dense != null)
            Panel.Gather(Dense(group, row) + column, _columns, rows, count, target, Panel.ColumnRows);
        else
            _stored![group].Widen(row, rows, column, count, target, Panel.ColumnRows);
    }

    private float* Dense(int group, int row) => _dense + ((((nint)group * _rows) + row) * _columns);

    /// <summary>Where rows stand as fp32; null if they do not, or on both sides of the seam of a stack.</summary>
    private float* Direct(StoredMatrix matrix, int row, int rows)
    {
        float* first = matrix.Direct(row);
        return first != null && matrix.Direct(row + rows - 1) == first + ((nint)(rows - 1) * _columns) ? first : null;
    }

    private ushort* DirectBFloat16(StoredMatrix matrix, int row, int rows)
    {
        ushort* first = matrix.DirectBFloat16(row);
        return first != null && matrix.DirectBFloat16(row + rows - 1) == first + ((nint)(rows - 1) * _columns) ? first : null;
    }
}
