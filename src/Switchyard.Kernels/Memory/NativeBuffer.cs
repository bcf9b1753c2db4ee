using System.Runtime.InteropServices;

namespace Switchyard.Kernels.Memory;

/// <summary>Working memory outside the garbage collector, aligned to cache lines, that grows and is kept for the next call.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const nuint Alignment = 4096;
    private void* _address;
    private nuint _bytes;

    /// <summary>Bytes held.</summary>
    public nuint Length => _bytes;

    /// <summary>At least <paramref name="count"/> floats, of unknown content; earlier pointers are void.</summary>
    public float* Floats(long count)
    {
        nuint bytes = checked((nuint)count * sizeof(float));
        if (bytes > _bytes)
        {
            Dispose();
            // A quarter more, so that loads that creep upwards do not allocate at every step.
            nuint wanted = bytes + (bytes / 4) + Alignment;
            _address = NativeMemory.AlignedAlloc(wanted, Alignment);
            _bytes = wanted;
        }
        return (float*)_address;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_address);
        _address = null;
        _bytes = 0;
    }
}
