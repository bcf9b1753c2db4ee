using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Streams;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Storage;

/// <summary>Signed bytes, row-major, with an fp32 scale for every group of columns of a row: W = q · scale.</summary>
public sealed unsafe class Int8Matrix : StoredMatrix
{
    private readonly sbyte* _values;
    private readonly float* _scales;
    private readonly int _group;

    /// <summary>A matrix where it lies.</summary>
    /// <param name="values">[N, K].</param>
    /// <param name="scales">[N, ⌈K/group⌉].</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    /// <param name="group">Columns that share a scale, such as 32 or 128.</param>
    public Int8Matrix(sbyte* values, float* scales, int rows, int columns, int group) : base(rows, columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(group);
        _values = values;
        _scales = scales;
        _group = group;
    }

    private int Groups => (Columns + _group - 1) / _group;

    /// <inheritdoc/>
    public override long Bytes => ((long)Rows * Columns) + ((long)Rows * Groups * sizeof(float));

    internal override bool Multiply(int row, int rows, float** tokens, int count, float* results)
    {
        if (!RowProducts.AreSupported || !RowProducts.Takes(_group))
            return false;
        for (int r = 0; r < rows; r++)
            RowProducts.Run(RowOf(row + r), Columns, tokens, count, results + r);
        return true;
    }

    internal override IntegerForm IntegerForm => RowProducts.AreSupported && RowProducts.Takes(_group) ? IntegerForm.Bytes : IntegerForm.None;

    internal override void Multiply(int row, int rows, in StreamTokens tokens, float* results) => IntegerRowProduct.Run<ByteCodes>(
        new IntegerRows((byte*)_values + ((nint)row * Columns), Columns, _scales + ((nint)row * Groups), Groups, BitOperations.Log2((uint)_group)), rows, tokens, results);

    private Int8Row RowOf(int row) => new(_values + ((nint)row * Columns), _scales + ((nint)row * Groups), BitOperations.Log2((uint)_group));

    internal override void Prefetch(int row, int column, int count) => Prefetch(_values + ((nint)row * Columns) + column, count);

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        for (int r = 0; r < rows; r++)
        {
            sbyte* source = _values + ((nint)(row + r) * Columns) + column;
            float* scales = _scales + ((nint)(row + r) * Groups);
            for (int i = 0; i < count;)
            {
                int take = Math.Min(count - i, _group - ((column + i) % _group));
                WidenGroup(source + i, take, scales[(column + i) / _group], target + (r * stride) + i);
                i += take;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenGroup(sbyte* source, int count, float scale, float* target)
    {
        int i = 0;
        Vector256<float> factor = Vector256.Create(scale);
        for (; i + 16 <= count; i += 16)
        {
            (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.Load(source + i));
            (Vector256<int> a, Vector256<int> b) = Vector256.Widen(Vector256.Create(low, high));
            (Vector256.ConvertToSingle(a) * factor).Store(target + i);
            (Vector256.ConvertToSingle(b) * factor).Store(target + i + 8);
        }
        for (; i < count; i++)
            target[i] = source[i] * scale;
    }

    internal override int ScaleGroup => _group;

    internal override void Codes(int row, int rows, int column, int count, byte* target, nint stride, int group, float* scales)
    {
        for (int r = 0; r < rows; r++)
        {
            Flip((byte*)_values + ((nint)(row + r) * Columns) + column, count, target + (r * stride));
            for (int g = 0; g * group < count; g++)
                scales[(g * TileKernels.MaxRows) + r] = _scales[((nint)(row + r) * Groups) + ((column + (g * group)) / _group)];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Flip(byte* source, int count, byte* target)
    {
        int i = 0;
        for (; i + 32 <= count; i += 32)
            (Vector256.Load(source + i) ^ Vector256.Create((byte)128)).Store(target + i);
        for (; i < count; i++)
            target[i] = (byte)(source[i] ^ 128);
    }
}
