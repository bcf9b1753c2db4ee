namespace Switchyard.Kernels.Storage;

/// <summary>fp32, row-major.</summary>
/// <param name="values">[N, K].</param>
/// <param name="rows">N.</param>
/// <param name="columns">K.</param>
public sealed unsafe class Float32Matrix(float* values, int rows, int columns) : StoredMatrix(rows, columns)
{
    /// <inheritdoc/>
    public override long Bytes => (long)Rows * Columns * sizeof(float);

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        for (int r = 0; r < rows; r++)
            new ReadOnlySpan<float>(Direct(row + r) + column, count).CopyTo(new Span<float>(target + (r * stride), count));
    }

    internal override float* Direct(int row) => values + ((nint)row * Columns);
}
