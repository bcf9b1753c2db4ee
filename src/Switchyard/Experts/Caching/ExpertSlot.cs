using System.Runtime.InteropServices;

namespace Switchyard.Experts.Caching;

/// <summary>Memory for one expert.</summary>
internal sealed unsafe class ExpertSlot : IDisposable
{
    private const int Alignment = 64;
    private void* _memory;

    public ExpertSlot(long bytes) => _memory = NativeMemory.AlignedAlloc((nuint)bytes, Alignment);

    public nint Memory => (nint)_memory;

    /// <summary>The item whose expert is here; -1 for none.</summary>
    public int Item { get; set; } = -1;

    /// <summary>Runs that use the memory now; it is nobody else's until there are none.</summary>
    public int Users { get; set; }

    /// <summary>The expert, which may still be on the way.</summary>
    public Task<LoadedExpert>? Load { get; set; }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
