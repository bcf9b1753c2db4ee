using System.Runtime.InteropServices;

namespace Switchyard.Kernels.Tests;

/// <summary>
/// Memory between two pages that may not be touched: a read or write beyond either end crashes the test. The values end
/// exactly at the page after, or start exactly at the page before; which of both hangs on their number unless it is said, so that buffers of many sizes are tried both ways.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private readonly void* _map;
    private readonly nuint _bytes;

    public GuardedMemory(long count, bool? atEnd = null)
    {
        Count = count;
        nuint page = (nuint)Environment.SystemPageSize;
        nuint body = (((nuint)count * sizeof(float)) + page - 1) / page * page;
        _bytes = body + (2 * page);
        if (OperatingSystem.IsWindows())
        {
            _map = NativeMemory.AllocZeroed(_bytes);
        }
        else
        {
            nint map = Map(0, _bytes, 3, 2 | (OperatingSystem.IsLinux() ? 0x20 : 0x1000), -1, 0);
            _map = (void*)map;
            if (map == -1 || Protect(map, page, 0) != 0 || Protect(map + (nint)(page + body), page, 0) != 0)
                throw new InvalidOperationException("Guard pages cannot be mapped.");
        }
        byte* start = (byte*)_map + page;
        Pointer = (float*)((atEnd ?? (count * 0x9E3779B1L & 0x100) == 0) ? start + body - ((nuint)count * sizeof(float)) : start);
    }

    public float* Pointer { get; }

    public long Count { get; }

    public Span<float> Span => new(Pointer, (int)Count);

    public static GuardedMemory Random(Random random, long count, float scale = 1, bool? atEnd = null)
    {
        var memory = new GuardedMemory(count, atEnd);
        for (long i = 0; i < count; i++)
            memory.Pointer[i] = ((random.NextSingle() * 2) - 1) * scale;
        return memory;
    }

    public void Dispose()
    {
        if (OperatingSystem.IsWindows())
            NativeMemory.Free(_map);
        else
            _ = Unmap((nint)_map, _bytes);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(nint address, nuint length);
}
