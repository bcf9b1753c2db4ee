using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Streams;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Storage;

/// <summary>
/// Four-bit integers, two to a byte, row-major, with an fp32 scale for every group of columns of a row. The low half of a
/// byte is the even column; a code q of 0 … 15 stands for q − 8: W = (q − 8) · scale.
/// </summary>
public sealed unsafe class Int4Matrix : StoredMatrix
{
    private readonly byte* _values;
    private readonly float* _scales;
    private readonly int _group;

    /// <summary>A matrix where it lies.</summary>
    /// <param name="values">[N, K/2]; K is even.</param>
    /// <param name="scales">[N, ⌈K/group⌉].</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    /// <param name="group">Columns that share a scale, even, such as 32 or 128.</param>
    public Int4Matrix(byte* values, float* scales, int rows, int columns, int group) : base(rows, columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(group);
        if (columns % 2 != 0 || group % 2 != 0)
            throw new ArgumentException($"K = {columns} and group = {group}; expected even numbers.", nameof(columns));
        _values = values;
        _scales = scales;
        _group = group;
    }

    private int Groups => (Columns + _group - 1) / _group;

    /// <inheritdoc/>
    public override long Bytes => ((long)Rows * Columns / 2) + ((long)Rows * Groups * sizeof(float));

    internal override bool Multiply(int row, int rows, float** tokens, int count, float* results)
    {
        if (!RowProducts.AreSupported || !RowProducts.Takes(_group))
            return false;
        for (int r = 0; r < rows; r++)
            RowProducts.Run(RowOf(row + r), Columns, tokens, count, results + r);
        return true;
    }

    internal override IntegerForm IntegerForm => RowProducts.AreSupported && RowProducts.Takes(_group) ? IntegerForm.Nibbles : IntegerForm.None;

    internal override void Multiply(int row, int rows, in StreamTokens tokens, float* results) => IntegerRowProduct.Run<NibbleCodes>(
        new IntegerRows(_values + ((nint)row * (Columns / 2)), Columns / 2, _scales + ((nint)row * Groups), Groups, BitOperations.Log2((uint)_group)), rows, tokens, results);

    private Int4Row RowOf(int row) => new(_values + ((nint)row * (Columns / 2)), _scales + ((nint)row * Groups), BitOperations.Log2((uint)_group));

    internal override void Prefetch(int row, int column, int count) => Prefetch(_values + ((nint)row * (Columns / 2)) + (column / 2), count / 2);

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        for (int r = 0; r < rows; r++)
        {
            byte* source = _values + ((nint)(row + r) * (Columns / 2));
            float* scales = _scales + ((nint)(row + r) * Groups);
            for (int i = 0; i < count;)
            {
                int at = column + i, take = Math.Min(count - i, _group - (at % _group));
                WidenGroup(source, at, take, scales[at / _group], target + (r * stride) + i);
                i += take;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenGroup(byte* source, int column, int count, float scale, float* target)
    {
        int i = 0;
        if (column % 2 == 0)
        {
            Vector256<float> factor = Vector256.Create(scale);
            Vector128<byte> mask = Vector128.Create((byte)15);
            for (; i + 16 <= count; i += 16)
            {
                // Eight bytes: low halves to even places, high halves to odd ones.
                Vector128<ushort> pairs = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)(source + ((column + i) / 2))).AsByte());
                Vector128<byte> codes = (pairs | (pairs << 4)).AsByte() & mask;
                Vector128<sbyte> values = codes.AsSByte() - Vector128.Create((sbyte)8);
                (Vector128<short> low, Vector128<short> high) = Vector128.Widen(values);
                (Vector256<int> a, Vector256<int> b) = Vector256.Widen(Vector256.Create(low, high));
                (Vector256.ConvertToSingle(a) * factor).Store(target + i);
                (Vector256.ConvertToSingle(b) * factor).Store(target + i + 8);
            }
        }
        for (; i < count; i++)
        {
            int code = source[(column + i) / 2];
            target[i] = (((column + i) % 2 == 0 ? code & 15 : code >> 4) - 8) * scale;
        }
    }

    internal override int ScaleGroup => _group;

    internal override void Codes(int row, int rows, int column, int count, byte* target, nint stride, int group, float* scales)
    {
        for (int r = 0; r < rows; r++)
        {
            Unpack(_values + ((nint)(row + r) * (Columns / 2)) + (column / 2), count, target + (r * stride));
            for (int g = 0; g * group < count; g++)
                scales[(g * TileKernels.MaxRows) + r] = _scales[((nint)(row + r) * Groups) + ((column + (g * group)) / _group)];
        }
    }

    /// <summary>Four-bit codes less 8 plus 128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Unpack(byte* source, int count, byte* target)
    {
        int i = 0;
        for (; i + 32 <= count; i += 32)
        {
            Vector256<ushort> pairs = Vector256.WidenLower(Vector128.Load(source + (i / 2)).ToVector256Unsafe());
            ((((pairs | (pairs << 4)).AsByte()) & Vector256.Create((byte)15)) + Vector256.Create((byte)120)).Store(target + i);
        }
        for (; i < count; i++)
            target[i] = (byte)(((source[i / 2] >> (i % 2 * 4)) & 15) + 120);
    }
}
