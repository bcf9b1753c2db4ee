namespace Switchyard.Kernels.Storage;

/// <summary>
/// A matrix [N, K] in the form in which it is stored. Kernels widen the block that they are about to use to fp32, once for
/// all tokens that use it, and never the whole matrix; so a matrix may be memory-mapped and stay as it is.
/// </summary>
public abstract unsafe class StoredMatrix
{
    /// <summary>A matrix of a size.</summary>
    /// <param name="rows">Rows, N.</param>
    /// <param name="columns">Columns, K.</param>
    private protected StoredMatrix(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        (Rows, Columns) = (rows, columns);
    }

    /// <summary>Rows N: outputs of the product.</summary>
    public int Rows { get; }

    /// <summary>Columns K: inputs of the product.</summary>
    public int Columns { get; }

    /// <summary>Bytes that one read of the whole matrix takes, scales included.</summary>
    public abstract long Bytes { get; }

    /// <summary>The whole matrix in fp32.</summary>
    /// <param name="target">[N, K].</param>
    public void Widen(float* target) => Widen(0, Rows, 0, Columns, target, Columns);

    /// <summary>Two matrices of equal width as one, the rows of <paramref name="first"/> above (a gate and what it gates).</summary>
    /// <param name="first">Upper rows.</param>
    /// <param name="second">Lower rows.</param>
    /// <exception cref="ArgumentException">The widths differ.</exception>
    public static StoredMatrix Stack(StoredMatrix first, StoredMatrix second) => new StackedMatrix(first, second);

    /// <summary>Widens a block: <c>target[r · stride + c] = W[row + r, column + c]</c>.</summary>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns.</param>
    /// <param name="target">[rows, count].</param>
    /// <param name="stride">Values between rows of the target.</param>
    internal abstract void Widen(int row, int rows, int column, int count, float* target, nint stride);

    /// <summary>Where a row stands if it is fp32 already, else null.</summary>
    internal virtual float* Direct(int row) => null;

    /// <summary>Where a row stands if it is bf16, else null.</summary>
    internal virtual ushort* DirectBFloat16(int row) => null;
}
