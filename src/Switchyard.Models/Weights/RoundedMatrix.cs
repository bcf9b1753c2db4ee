using System.Runtime.InteropServices;
using Switchyard.Kernels.Storage;

namespace Switchyard.Models.Weights;

/// <summary>A matrix W [N, K] as integers by group, in memory of its own: W = code · scale, a scale for each row and each group of columns.</summary>
public sealed unsafe class RoundedMatrix : IDisposable
{
    private const nuint Alignment = 64;
    private readonly int _codeBytes, _groups;
    private byte* _codes;
    private float* _scales;

    internal RoundedMatrix(int rows, int columns, int bits, int group)
    {
        (_codeBytes, _groups) = (bits == 4 ? columns / 2 : columns, (columns + group - 1) / group);
        _codes = (byte*)NativeMemory.AlignedAlloc(checked((nuint)((long)rows * _codeBytes)), Alignment);
        _scales = (float*)NativeMemory.AlignedAlloc(checked((nuint)((long)rows * _groups * sizeof(float))), Alignment);
        Stored = bits == 4 ? new Int4Matrix(_codes, _scales, rows, columns, group) : new Int8Matrix((sbyte*)_codes, _scales, rows, columns, group);
    }

    /// <summary>The matrix as the kernels read it; not to be used after <see cref="Dispose"/>.</summary>
    public StoredMatrix Stored { get; }

    /// <summary>Codes of a row as they are stored, [K] or [K/2].</summary>
    internal Span<byte> Codes(int row) => new(_codes + ((long)row * _codeBytes), _codeBytes);

    /// <summary>Scales of a row, [⌈K/group⌉].</summary>
    internal Span<float> Scales(int row) => new(_scales + ((long)row * _groups), _groups);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_codes);
        NativeMemory.AlignedFree(_scales);
        _codes = null;
        _scales = null;
    }
}
