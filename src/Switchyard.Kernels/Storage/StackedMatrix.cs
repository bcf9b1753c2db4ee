using Switchyard.Kernels.Streams;

namespace Switchyard.Kernels.Storage;

/// <summary>Two matrices, one above the other.</summary>
internal sealed unsafe class StackedMatrix : StoredMatrix
{
    private readonly StoredMatrix _first, _second;

    public StackedMatrix(StoredMatrix first, StoredMatrix second) : base(first.Rows + second.Rows, first.Columns)
    {
        if (first.Columns != second.Columns)
            throw new ArgumentException($"Widths are {first.Columns} and {second.Columns}; expected equal ones.", nameof(second));
        (_first, _second) = (first, second);
    }

    public override long Bytes => _first.Bytes + _second.Bytes;

    internal override void Widen(int row, int rows, int column, int count, float* target, nint stride)
    {
        int upper = Math.Clamp(_first.Rows - row, 0, rows);
        if (upper > 0)
            _first.Widen(row, upper, column, count, target, stride);
        if (upper < rows)
            _second.Widen(row + upper - _first.Rows, rows - upper, column, count, target + (upper * stride), stride);
    }

    internal override bool Multiply(int row, int rows, float** tokens, int count, float* results)
    {
        int upper = Math.Clamp(_first.Rows - row, 0, rows);
        return (upper == 0 || _first.Multiply(row, upper, tokens, count, results))
            && (upper == rows || _second.Multiply(row + upper - _first.Rows, rows - upper, tokens, count, results + upper));
    }

    internal override IntegerForm IntegerForm => _first.IntegerForm == _second.IntegerForm ? _first.IntegerForm : IntegerForm.None;

    internal override void Multiply(int row, int rows, in StreamTokens tokens, float* results)
    {
        int upper = Math.Clamp(_first.Rows - row, 0, rows);
        if (upper > 0)
            _first.Multiply(row, upper, tokens, results);
        if (upper < rows)
            _second.Multiply(row + upper - _first.Rows, rows - upper, tokens, results + upper);
    }

    internal override int ScaleGroup => _first.ScaleGroup == _second.ScaleGroup ? _first.ScaleGroup : 0;

    internal override void Codes(int row, int rows, int column, int count, byte* target, nint stride, int group, float* scales)
    {
        int upper = Math.Clamp(_first.Rows - row, 0, rows);
        if (upper > 0)
            _first.Codes(row, upper, column, count, target, stride, group, scales);
        if (upper < rows)
            _second.Codes(row + upper - _first.Rows, rows - upper, column, count, target + (upper * stride), stride, group, scales + upper);
    }

    internal override bool HasRows => _first.HasRows && _second.HasRows;

    internal override void Prefetch(int row, int column, int count)
    {
        if (row < _first.Rows)
            _first.Prefetch(row, column, count);
        else
            _second.Prefetch(row - _first.Rows, column, count);
    }

    internal override ushort* DirectBFloat16(int row) => row < _first.Rows ? _first.DirectBFloat16(row) : _second.DirectBFloat16(row - _first.Rows);

    internal override float* Direct(int row) => row < _first.Rows ? _first.Direct(row) : _second.Direct(row - _first.Rows);
}
