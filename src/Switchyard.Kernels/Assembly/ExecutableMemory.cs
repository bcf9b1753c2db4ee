using System.Runtime.InteropServices;

namespace Switchyard.Kernels.Assembly;

/// <summary>
/// Pages that hold one assembled kernel. They are mapped readable and writable, filled, and then made readable and
/// executable; no page is ever writable and executable at once.
/// </summary>
internal sealed unsafe partial class ExecutableMemory : SafeHandle
{
    private const int ReadWrite = 1 | 2;
    private const int ReadExecute = 1 | 4;
    private readonly nuint _length;

    private ExecutableMemory(nint address, nuint length) : base(0, ownsHandle: true)
    {
        SetHandle(address);
        _length = length;
    }

    public nint Address => handle;

    public override bool IsInvalid => handle == 0;

    /// <summary>Maps <paramref name="code"/>; null where the operating system or its policy refuses.</summary>
    public static ExecutableMemory? TryMap(ReadOnlySpan<byte> code)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint length = ((nuint)code.Length + page - 1) / page * page;
        nint address = OperatingSystem.IsWindows() ? Windows.VirtualAlloc(0, length, 0x3000, 4) : MapUnix(length);
        if (address == 0)
            return null;
        var memory = new ExecutableMemory(address, length);
        code.CopyTo(new Span<byte>((void*)address, code.Length));
        if (memory.Protect())
            return memory;
        memory.Dispose();
        return null;
    }

    protected override bool ReleaseHandle() => OperatingSystem.IsWindows()
        ? Windows.VirtualFree(handle, 0, 0x8000) != 0
        : Unix.Unmap(handle, _length) == 0;

    private static nint MapUnix(nuint length)
    {
        int anonymous = OperatingSystem.IsLinux() ? 0x20 : 0x1000;
        nint address = Unix.Map(0, length, ReadWrite, 2 | anonymous, -1, 0);
        return address == -1 ? 0 : address;
    }

    private bool Protect() => OperatingSystem.IsWindows()
        ? Windows.VirtualProtect(handle, _length, 0x20, out _) != 0
        : Unix.Protect(handle, _length, ReadExecute) == 0;

    private static partial class Unix
    {
        [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

        [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static partial int Protect(nint address, nuint length, int protection);

        [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static partial int Unmap(nint address, nuint length);
    }

    private static partial class Windows
    {
        [LibraryImport("kernel32", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static partial nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

        [LibraryImport("kernel32", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static partial int VirtualProtect(nint address, nuint size, uint protection, out uint old);

        [LibraryImport("kernel32", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static partial int VirtualFree(nint address, nuint size, uint type);
    }
}
