using System.Buffers.Binary;
using System.Text;

namespace Switchyard.Native;

/// <summary>
/// What the dynamic loader sees of a 64-bit little-endian ELF file: its loadable segments and its dynamic table.
/// Section headers are not read, as the loader does not read them. Every access is checked against the length of the file.
/// </summary>
internal readonly ref struct ElfImage
{
    private const int HeaderSize = 64, ProgramHeaderSize = 56, DynamicEntrySize = 16;
    private const uint SegmentLoad = 1, SegmentDynamic = 2;

    private readonly ReadOnlySpan<byte> file;
    private readonly long programHeaders;
    private readonly int programHeaderCount;
    private readonly long dynamicOffset, dynamicCount;

    /// <summary>Reads the header and finds the dynamic table.</summary>
    /// <exception cref="ElfFormatException">The file is not a 64-bit little-endian ELF file with a dynamic table, or is cut short.</exception>
    public ElfImage(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderSize || !file.StartsWith("\x7F"u8) || !file[1..].StartsWith("ELF"u8))
            throw new ElfFormatException("it is not an ELF file.");
        if (file[4] != 2)
            throw new ElfFormatException("it is a 32-bit ELF file; a 64-bit one was expected.");
        if (file[5] != 1)
            throw new ElfFormatException("it is a big-endian ELF file; a little-endian one was expected.");
        this.file = file;
        programHeaders = Offset(UInt64(32));
        programHeaderCount = UInt16(56);
        if (UInt16(54) != ProgramHeaderSize)
            throw new ElfFormatException($"its program headers take {UInt16(54)} bytes each; {ProgramHeaderSize} were expected.");
        _ = Slice(programHeaders, (long)programHeaderCount * ProgramHeaderSize);

        for (int i = 0; i < programHeaderCount; i++)
        {
            long header = programHeaders + (i * ProgramHeaderSize);
            if (UInt32(header) != SegmentDynamic)
                continue;
            dynamicOffset = Offset(UInt64(header + 8));
            long size = Offset(UInt64(header + 32));
            _ = Slice(dynamicOffset, size);
            dynamicCount = size / DynamicEntrySize;
        }
        if (dynamicCount == 0)
            throw new ElfFormatException("it has no dynamic table: it is no shared library.");
    }

    /// <summary>The value of an entry of the dynamic table, or null where there is none.</summary>
    public ulong? Dynamic(ulong tag)
    {
        for (long i = 0; i < dynamicCount; i++)
        {
            long entry = dynamicOffset + (i * DynamicEntrySize);
            ulong found = UInt64(entry);
            if (found == 0)
                return null;
            if (found == tag)
                return UInt64(entry + 8);
        }
        return null;
    }

    /// <summary>Where in the file the bytes stand that will be loaded at an address.</summary>
    public long OffsetOfAddress(ulong address)
    {
        for (int i = 0; i < programHeaderCount; i++)
        {
            long header = programHeaders + (i * ProgramHeaderSize);
            if (UInt32(header) != SegmentLoad)
                continue;
            ulong start = UInt64(header + 16), size = UInt64(header + 32);
            if (address >= start && address - start < size)
                return Add(Offset(UInt64(header + 8)), Offset(address - start));
        }
        throw new ElfFormatException($"address 0x{address:x} of its dynamic table lies in no segment of the file.");
    }

    public ushort UInt16(long offset) => BinaryPrimitives.ReadUInt16LittleEndian(Slice(offset, 2));

    public uint UInt32(long offset) => BinaryPrimitives.ReadUInt32LittleEndian(Slice(offset, 4));

    public ulong UInt64(long offset) => BinaryPrimitives.ReadUInt64LittleEndian(Slice(offset, 8));

    /// <summary>The zero-terminated text at an offset, which must end before <paramref name="end"/>.</summary>
    public string Text(long offset, long end)
    {
        ReadOnlySpan<byte> bytes = Slice(offset, end - offset);
        int length = bytes.IndexOf((byte)0);
        return length < 0
            ? throw new ElfFormatException($"the text at offset 0x{offset:x} has no end.")
            : Encoding.UTF8.GetString(bytes[..length]);
    }

    /// <summary>The sum of two offsets, neither negative.</summary>
    public static long Add(long offset, long distance) =>
        offset > long.MaxValue - distance ? throw Outside(offset, distance) : offset + distance;

    /// <summary>A bounds-checked part of the file.</summary>
    public ReadOnlySpan<byte> Slice(long offset, long length) =>
        offset < 0 || length < 0 || offset > file.Length || length > file.Length - offset
            ? throw Outside(offset, length)
            : file.Slice((int)offset, (int)length);

    public static long Offset(ulong value) =>
        value > long.MaxValue ? throw new ElfFormatException($"offset 0x{value:x} lies outside the file.") : (long)value;

    private static ElfFormatException Outside(long offset, long length) =>
        new($"it is cut short, or its tables are wrong: {length} bytes at offset 0x{offset:x} lie outside the file.");
}
