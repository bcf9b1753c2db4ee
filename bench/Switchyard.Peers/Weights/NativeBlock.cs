using System.Runtime.InteropServices;

namespace Switchyard.Peers.Weights;

/// <summary>Native memory for weights, which may be larger than an array.</summary>
/// <typeparam name="T">Type of an element.</typeparam>
internal sealed unsafe class NativeBlock<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 4096;

    /// <summary>Takes memory.</summary>
    /// <param name="length">Elements.</param>
    public NativeBlock(long length)
    {
        Length = length;
        Start = (T*)NativeMemory.AlignedAlloc((nuint)(length * sizeof(T)), Alignment);
    }

    /// <summary>The first element.</summary>
    public T* Start { get; private set; }

    /// <summary>Elements.</summary>
    public long Length { get; }

    /// <summary>Some of the elements.</summary>
    public Span<T> Part(long start, int length) => new(Start + start, length);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Start);
        Start = null;
    }
}
