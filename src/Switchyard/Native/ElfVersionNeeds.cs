using System.Buffers.Binary;

namespace Switchyard.Native;

/// <summary>
/// The version needs of a shared library, and the patch that makes the idle ones weak. When a strong need is not met, the loader
/// refuses the library; when a weak one is not, it goes on. Which needs are touched is decided by their use, not by their name.
/// Not an editor of ELF files: nothing moves, two bits of a flag word are the most that changes in a record.
/// </summary>
internal static class ElfVersionNeeds
{
    private const ulong TagPltRelSize = 2, TagHash = 4, TagStrings = 5, TagRela = 7, TagRelaSize = 8, TagRelaEntry = 9,
        TagStringsSize = 10, TagRel = 17, TagJmpRel = 23, TagGnuHash = 0x6ffffef5, TagVersym = 0x6ffffff0,
        TagVerneed = 0x6ffffffe, TagVerneedCount = 0x6fffffff;
    private const int RelaEntrySize = 24, RecordSize = 16;

    /// <summary>All version needs of a library, in the order of the file.</summary>
    /// <exception cref="ElfFormatException">The file is not a 64-bit little-endian shared library, is cut short, or contradicts itself.</exception>
    public static IReadOnlyList<ElfVersionNeed> Read(ReadOnlySpan<byte> file)
    {
        var image = new ElfImage(file);
        if (image.Dynamic(TagVerneed) is not ulong needAddress)
            return [];
        long strings = image.OffsetOfAddress(Required(image, TagStrings, "string table"));
        long stringsEnd = ElfImage.Add(strings, ElfImage.Offset(Required(image, TagStringsSize, "size of its string table")));
        var (symbols, used) = CountSymbols(image);

        var needs = new List<ElfVersionNeed>();
        long need = image.OffsetOfAddress(needAddress);
        ulong count = Required(image, TagVerneedCount, "count of version needs");
        for (ulong i = 0; i < count; i++)
        {
            if (image.UInt16(need) != 1)
                throw new ElfFormatException($"its version needs have format {image.UInt16(need)}; 1 was expected.");
            int records = image.UInt16(need + 2);
            string library = image.Text(ElfImage.Add(strings, image.UInt32(need + 4)), stringsEnd);
            long record = need + image.UInt32(need + 8);
            for (int j = 0; j < records; j++)
            {
                int index = image.UInt16(record + 6) & 0x7fff;
                string version = image.Text(ElfImage.Add(strings, image.UInt32(record + 8)), stringsEnd);
                needs.Add(new(library, version, image.UInt16(record + 4), record + 4, symbols[index], used[index]));
                if (needs.Count > file.Length / RecordSize)
                    throw new ElfFormatException("its version needs overlap.");
                uint nextRecord = image.UInt32(record + 12);
                if (nextRecord == 0)
                    break;
                record += nextRecord;
            }
            uint next = image.UInt32(need + 12);
            if (next == 0)
                break;
            need += next;
        }
        return needs;
    }

    /// <summary>A copy of the file in which every idle need is weak, with those that were strong before.</summary>
    /// <exception cref="ElfFormatException">As <see cref="Read"/>.</exception>
    public static (byte[] Patched, IReadOnlyList<ElfVersionNeed> Weakened) WeakenIdle(ReadOnlySpan<byte> file)
    {
        var weakened = Read(file).Where(n => n.Idle && !n.Weak).ToList();
        byte[] patched = file.ToArray();
        foreach (var n in weakened)
            BinaryPrimitives.WriteUInt16LittleEndian(patched.AsSpan((int)n.FlagsOffset), (ushort)(n.Flags | ElfVersionNeed.WeakFlag));
        return (patched, weakened);
    }

    /// <summary>By version index: how many undefined symbols carry it, and whether a relocation refers to one.</summary>
    private static (int[] Symbols, bool[] Used) CountSymbols(ElfImage image)
    {
        var symbols = new int[0x8000];
        var used = new bool[0x8000];
        if (image.Dynamic(TagVersym) is not ulong versymAddress)
            return (symbols, used);
        long versym = image.OffsetOfAddress(versymAddress);
        long symbolCount = UndefinedSymbols(image);
        for (long s = 1; s < symbolCount; s++)
            symbols[Version(image, versym, s)]++;

        if (image.Dynamic(TagRel) is not null)
            throw new ElfFormatException("it has relocations without addends, which no 64-bit platform of torch uses.");
        if (image.Dynamic(TagRelaEntry) is ulong size and not RelaEntrySize)
            throw new ElfFormatException($"its relocations take {size} bytes each; {RelaEntrySize} were expected.");
        Mark(image, TagRela, TagRelaSize, versym, used);
        Mark(image, TagJmpRel, TagPltRelSize, versym, used);
        return (symbols, used);
    }

    private static void Mark(ElfImage image, ulong tableTag, ulong sizeTag, long versym, bool[] used)
    {
        if (image.Dynamic(tableTag) is not ulong address)
            return;
        long table = image.OffsetOfAddress(address);
        long size = ElfImage.Offset(Required(image, sizeTag, "size of its relocations"));
        _ = image.Slice(table, size);
        for (long at = table; at + RelaEntrySize <= table + size; at += RelaEntrySize)
        {
            uint symbol = image.UInt32(at + 12);
            if (symbol != 0)
                used[Version(image, versym, symbol)] = true;
        }
    }

    /// <summary>One past the last symbol that may be undefined: the GNU hash table lists defined ones only, and they come last.</summary>
    private static long UndefinedSymbols(ElfImage image) =>
        image.Dynamic(TagGnuHash) is ulong gnu ? image.UInt32(image.OffsetOfAddress(gnu) + 4)
        : image.Dynamic(TagHash) is ulong hash ? image.UInt32(image.OffsetOfAddress(hash) + 4)
        : 0;

    private static int Version(ElfImage image, long versym, long symbol) => image.UInt16(versym + (2 * symbol)) & 0x7fff;

    private static ulong Required(ElfImage image, ulong tag, string what) =>
        image.Dynamic(tag) ?? throw new ElfFormatException($"its dynamic table does not give the {what}.");
}
