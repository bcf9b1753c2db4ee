using System.Buffers.Binary;
using System.Text;

namespace Switchyard.Native;

/// <summary>
/// Lays out a small 64-bit little-endian shared library: header, one loaded segment at <see cref="Base"/>, dynamic table, and the
/// tables of symbols, versions and relocations that it points to. Not a linker: it has no code.
/// </summary>
internal sealed class ElfBuilder
{
    private const int Base = 0x10000, Dynamic = 64 + (2 * 56), DynamicEntries = 14;

    private readonly List<(string Library, List<(string Version, ushort Flags, int Index)> Records)> needs = [];
    private readonly List<int> symbols = [0]; // by symbol: the index of its version
    private readonly List<(int Symbol, bool Jump)> relocations = [];
    private int nextIndex = 2;

    /// <summary>Whether the table of the hash is the old one, which counts all symbols.</summary>
    public bool OldHash { get; init; }

    /// <summary>Asks a library for a version, by so many symbols, of which the last may be used by a relocation or a jump slot.</summary>
    public ElfBuilder Need(string library, string version, int symbols = 1, bool used = false, bool jump = false, ushort flags = 0)
    {
        if (needs.Count == 0 || needs[^1].Library != library)
            needs.Add((library, []));
        needs[^1].Records.Add((version, flags, nextIndex));
        for (int s = 0; s < symbols; s++)
            this.symbols.Add(nextIndex);
        if (used)
            relocations.Add((this.symbols.Count - 1, jump));
        nextIndex++;
        return this;
    }

    /// <summary>The file, without version needs if none were asked for.</summary>
    public byte[] Build()
    {
        var strings = new MemoryStream();
        strings.WriteByte(0);
        int Text(string text)
        {
            int at = (int)strings.Position;
            strings.Write(Encoding.UTF8.GetBytes(text + '\0'));
            return at;
        }

        var file = new MemoryStream();
        file.Write(new byte[Dynamic + (16 * DynamicEntries)]);
        var dynamic = new List<(ulong Tag, ulong Value)>();
        void Table(ulong tag, params ReadOnlySpan<byte> bytes)
        {
            dynamic.Add((tag, Base + (ulong)file.Position));
            file.Write(bytes);
        }

        Table(0x6ffffff0, symbols.SelectMany(v => Bytes((ushort)v)).ToArray());
        Table(OldHash ? 4u : 0x6ffffef5, [.. Bytes(1u), .. Bytes((uint)symbols.Count)]);
        foreach (var (tag, sizeTag, jump) in new[] { (7ul, 8ul, false), (23ul, 2ul, true) })
        {
            byte[] bytes = relocations.Where(r => r.Jump == jump).Prepend((0, jump)).SelectMany(r => (byte[])[.. Bytes(0ul), .. Bytes(1u), .. Bytes((uint)r.Item1), .. Bytes(0ul)]).ToArray();
            Table(tag, bytes);
            dynamic.Add((sizeTag, (ulong)bytes.Length));
        }
        dynamic.Add((9, 24));

        if (needs.Count > 0)
        {
            var table = new List<byte>();
            for (int n = 0; n < needs.Count; n++)
            {
                var (library, records) = needs[n];
                table.AddRange([.. Bytes((ushort)1), .. Bytes((ushort)records.Count), .. Bytes((uint)Text(library)), .. Bytes(16u), .. Bytes(n == needs.Count - 1 ? 0u : 16u + (16u * (uint)records.Count))]);
                for (int r = 0; r < records.Count; r++)
                    table.AddRange([.. Bytes(0u), .. Bytes(records[r].Flags), .. Bytes((ushort)records[r].Index), .. Bytes((uint)Text(records[r].Version)), .. Bytes(r == records.Count - 1 ? 0u : 16u)]);
            }
            Table(0x6ffffffe, table.ToArray());
            dynamic.Add((0x6fffffff, (ulong)needs.Count));
        }
        Table(5, strings.ToArray());
        dynamic.Add((10, (ulong)strings.Length));

        byte[] image = file.ToArray();
        byte[] header = [0x7f, .. "ELF"u8, 2, 1, 1, .. new byte[9], .. Bytes((ushort)3), .. Bytes((ushort)62), .. Bytes(1u), .. Bytes(0ul), .. Bytes(64ul), .. Bytes(0ul), .. Bytes(0u), .. Bytes((ushort)64), .. Bytes((ushort)56), .. Bytes((ushort)2)];
        header.CopyTo(image, 0);
        Segment(1, 0, image.Length).CopyTo(image, 64);
        Segment(2, Dynamic, 16 * DynamicEntries).CopyTo(image, 64 + 56);
        dynamic.SelectMany(d => (byte[])[.. Bytes(d.Tag), .. Bytes(d.Value)]).ToArray().CopyTo(image, Dynamic);
        return image;
    }

    private static byte[] Segment(uint type, int offset, int size) =>
        [.. Bytes(type), .. Bytes(4u), .. Bytes((ulong)offset), .. Bytes((ulong)(Base + offset)), .. Bytes(0ul), .. Bytes((ulong)size), .. Bytes((ulong)size), .. Bytes(8ul)];

    private static byte[] Bytes(ushort value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Bytes(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Bytes(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
