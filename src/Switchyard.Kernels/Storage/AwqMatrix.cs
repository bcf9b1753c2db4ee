namespace Switchyard.Kernels.Storage;

/// <summary>
/// AWQ's layout of 4 bits (gemm): the matrix lies transposed, eight outputs to a word in the order 0 2 4 6 1 3 5 7, with a
/// scale and a zero for every group of k and every output: W[n, k] = scales[k/group, n] · (q − z).
/// </summary>
public sealed unsafe class AwqMatrix : StoredMatrix
{
    /// <summary>Bit of each of the eight outputs of a word.</summary>
    private static ReadOnlySpan<byte> Bits => [0, 16, 4, 20, 8, 24, 12, 28];

    private readonly uint* _weights, _zeros;
    private readonly Half* _scales;
    private readonly int _group;

    /// <summary>A matrix where it lies.</summary>
    /// <param name="weights">qweight, [K, N/8].</param>
    /// <param name="zeros">qzeros, [K/group, N/8].</param>
    /// <param name="scales">scales, [K/group, N].</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    /// <param name="group">Values of k that share a scale.</param>
    /// <exception cref="ArgumentException">Sizes do not fill whole words and groups.</exception>
    public AwqMatrix(int* weights, int* zeros, Half* scales, int rows, int columns, int group) : base(rows, columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(group);
        if (rows % 8 != 0 || columns % group != 0)
            throw new ArgumentException($"N = {rows}, K = {columns}, group = {group}; expected N a multiple of 8 and K of the group.", nameof(rows));
        _weights = (uint*)weights;
        _zeros = (uint*)zeros;
        _scales = scales;
        _group = group;
    }

    /// <inheritdoc/>
    public override long Bytes => ((long)Rows * Columns / 2) + ((long)(Columns / _group) * Rows * 20 / 8);

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        ReadOnlySpan<byte> bits = Bits;
        for (int r = 0; r < rows; r++)
        {
            int n = row + r, bit = bits[n % 8], words = Rows / 8;
            float* to = target + (r * stride);
            for (int i = 0; i < count;)
            {
                int group = (column + i) / _group, end = Math.Min(count, ((group + 1) * _group) - column);
                float scale = (float)_scales[((nint)group * Rows) + n];
                int zero = (int)((_zeros[((nint)group * words) + (n / 8)] >> bit) & 15);
                for (; i < end; i++)
                    to[i] = scale * ((int)((_weights[((nint)(column + i) * words) + (n / 8)] >> bit) & 15) - zero);
            }
        }
    }
}
