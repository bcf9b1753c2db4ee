using System.Numerics;
using CsCheck;

namespace Switchyard.Native;

public sealed class ElfVersionNeedsTests
{
    private static readonly byte[] Library = new ElfBuilder()
        .Need("libm.so.6", "GLIBC_2.2.5", used: true)
        .Need("libc.so.6", "GLIBC_2.34", symbols: 3, used: true, jump: true)
        .Need("libc.so.6", "GLIBC_ABI_DT_RELR", symbols: 0)
        .Need("libstdc++.so.6", "GLIBCXX_3.4.32", symbols: 2)
        .Need("libstdc++.so.6", "GLIBCXX_3.4.30", symbols: 2, used: true)
        .Build();

    [Fact]
    public void Needs_are_read_in_the_order_of_the_file_with_their_use()
    {
        var needs = ElfVersionNeeds.Read(Library);
        Assert.Equal(["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_ABI_DT_RELR", "GLIBCXX_3.4.32", "GLIBCXX_3.4.30"], needs.Select(n => n.Version));
        Assert.Equal(["libm.so.6", "libc.so.6", "libc.so.6", "libstdc++.so.6", "libstdc++.so.6"], needs.Select(n => n.Library));
        Assert.Equal([1, 3, 0, 2, 2], needs.Select(n => n.Symbols));
        Assert.Equal([true, true, false, false, true], needs.Select(n => n.Used));
        Assert.Equal([false, false, false, true, false], needs.Select(n => n.Idle));
    }

    [Fact]
    public void Only_the_idle_need_becomes_weak_and_by_one_bit()
    {
        var (patched, weakened) = ElfVersionNeeds.WeakenIdle(Library);
        Assert.Equal("GLIBCXX_3.4.32", Assert.Single(weakened).Version);
        AssertDiffersInWeakBitOf(weakened, Library, patched);
        Assert.Equal(["GLIBCXX_3.4.32"], ElfVersionNeeds.Read(patched).Where(n => n.Weak).Select(n => n.Version));
    }

    [Fact]
    public void A_patched_library_needs_no_second_patch()
    {
        var (once, _) = ElfVersionNeeds.WeakenIdle(Library);
        var (twice, weakened) = ElfVersionNeeds.WeakenIdle(once);
        Assert.Empty(weakened);
        Assert.Equal(once, twice);
    }

    [Fact]
    public void Other_flags_of_a_weakened_record_stay()
    {
        var (patched, weakened) = ElfVersionNeeds.WeakenIdle(new ElfBuilder().Need("liba.so", "A_1", flags: 0x11).Build());
        Assert.Single(weakened);
        Assert.Equal(0x13, Assert.Single(ElfVersionNeeds.Read(patched)).Flags);
    }

    [Fact]
    public void A_library_with_the_old_hash_table_is_read_as_well()
    {
        var (_, weakened) = ElfVersionNeeds.WeakenIdle(new ElfBuilder { OldHash = true }.Need("liba.so", "A_1").Need("liba.so", "A_2", used: true).Build());
        Assert.Equal("A_1", Assert.Single(weakened).Version);
    }

    [Fact]
    public void A_library_without_version_needs_stays_as_it_is()
    {
        byte[] library = new ElfBuilder().Build();
        var (patched, weakened) = ElfVersionNeeds.WeakenIdle(library);
        Assert.Empty(weakened);
        Assert.Equal(library, patched);
    }

    [Fact]
    public void A_library_whose_needs_are_all_used_stays_as_it_is()
    {
        byte[] library = new ElfBuilder().Need("libstdc++.so.6", "GLIBCXX_3.4.32", used: true).Build();
        var (patched, weakened) = ElfVersionNeeds.WeakenIdle(library);
        Assert.Empty(weakened);
        Assert.Equal(library, patched);
    }

    [Theory]
    [InlineData(4, 1, "32-bit")]
    [InlineData(5, 2, "big-endian")]
    [InlineData(0, 0x4d, "not an ELF file")]
    [InlineData(54, 32, "program headers take 32 bytes")]
    public void Other_kinds_of_file_are_refused_with_the_reason(int offset, byte value, string reason)
    {
        byte[] library = [.. Library];
        library[offset] = value;
        Assert.Contains(reason, Assert.Throws<ElfFormatException>(() => ElfVersionNeeds.Read(library)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_cut_short_anywhere_is_refused()
    {
        for (int length = 0; length < Library.Length; length++)
        {
            byte[] cut = Library[..length];
            Assert.Throws<ElfFormatException>(() => ElfVersionNeeds.WeakenIdle(cut));
        }
    }

    [Fact]
    public void A_damaged_library_is_refused_or_changed_by_weak_bits_alone() =>
        Gen.Select(Gen.Int[0, Library.Length - 1], Gen.Byte).Array[1, 8].Sample(
            damage =>
            {
                byte[] library = [.. Library];
                foreach (var (offset, value) in damage)
                    library[offset] = value;
                try
                {
                    var (patched, weakened) = ElfVersionNeeds.WeakenIdle(library);
                    AssertDiffersInWeakBitOf(weakened.DistinctBy(n => n.FlagsOffset), library, patched);
                }
                catch (ElfFormatException)
                {
                }
            },
            iter: 20_000);

    [Fact]
    public void Records_that_point_at_each_other_end()
    {
        // Every record of 16 bytes can be claimed by many needs: the count of records read is bounded by the size of the file.
        byte[] library = new ElfBuilder().Need("liba.so", "A_1").Need("libb.so", "B_1").Need("libc.so", "C_1").Build();
        for (int offset = 0; offset + 4 <= library.Length; offset++)
        {
            byte[] damaged = [.. library];
            damaged.AsSpan(offset, 4).Fill(0xff);
            try
            {
                Assert.True(ElfVersionNeeds.Read(damaged).Count <= damaged.Length / 16);
            }
            catch (ElfFormatException)
            {
            }
        }
    }

    [Fact]
    public void TorchSharps_library_asks_idly_for_one_version_only()
    {
        byte[] library = File.ReadAllBytes(TorchSharpLibrary.Require());
        var (patched, weakened) = ElfVersionNeeds.WeakenIdle(library);
        var need = Assert.Single(weakened);
        Assert.Equal(("libstdc++.so.6", "GLIBCXX_3.4.32"), (need.Library, need.Version));
        AssertDiffersInWeakBitOf(weakened, library, patched);
    }

    [Fact]
    public void TorchSharps_library_cut_short_is_refused_wherever_its_tables_end()
    {
        byte[] library = File.ReadAllBytes(TorchSharpLibrary.Require());
        int length = 1;
        for (; length < library.Length && !Readable(library.AsSpan(0, length)); length += 1 + (length / 8))
            continue;
        Assert.InRange(length, 64 + 56, int.MaxValue); // never readable within its headers; past its last table it may be
    }

    private static bool Readable(ReadOnlySpan<byte> library)
    {
        try
        {
            return ElfVersionNeeds.Read(library).Count > 0;
        }
        catch (ElfFormatException)
        {
            return false;
        }
    }

    private static void AssertDiffersInWeakBitOf(IEnumerable<ElfVersionNeed> weakened, byte[] original, byte[] patched)
    {
        Assert.Equal(original.Length, patched.Length);
        var changes = Enumerable.Range(0, original.Length).Where(i => original[i] != patched[i]).ToList();
        Assert.Equal(weakened.Select(n => (int)n.FlagsOffset).Order(), changes);
        Assert.All(changes, i => Assert.Equal(2, original[i] ^ patched[i]));
        Assert.All(changes, i => Assert.Equal(1, BitOperations.PopCount((uint)(original[i] ^ patched[i]))));
    }
}
