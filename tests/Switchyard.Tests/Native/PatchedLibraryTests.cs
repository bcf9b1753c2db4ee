using System.Runtime.Versioning;

namespace Switchyard.Native;

[SupportedOSPlatform("linux")]
public sealed class PatchedLibraryTests : IDisposable
{
    private const string Refusal = "libstdc++.so.6: version `GLIBCXX_3.4.32' not found";

    private readonly string root;
    private readonly string library;

    public PatchedLibraryTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux needs patched copies.");
        root = Directory.CreateTempSubdirectory("switchyard-tests-").FullName;
        library = Write(new ElfBuilder()
            .Need("libc.so.6", "GLIBC_2.4", used: true).Need("libc.so.6", "GLIBC_2.34", used: true)
            .Need("libstdc++.so.6", "GLIBCXX_3.4.9", used: true).Need("libstdc++.so.6", "GLIBCXX_3.4.30", used: true).Need("libstdc++.so.6", "GLIBCXX_3.4.32"));
    }

    public void Dispose()
    {
        if (root is not null)
            Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void The_copy_is_loaded_from_the_cache()
    {
        string cache = Path.Combine(root, "cache"), loaded = "";
        Assert.Equal(7, new PatchedLibrary(library, Refusal, path => { loaded = path; return 7; }).Load(cache));
        Assert.Equal(cache, Path.GetDirectoryName(loaded));
        Assert.Equal(ElfVersionNeeds.WeakenIdle(File.ReadAllBytes(library)).Patched, File.ReadAllBytes(loaded));
    }

    [Fact]
    public void Without_a_writable_cache_a_private_temporary_copy_is_loaded_and_deleted()
    {
        string loaded = "";
        nint Load(string path)
        {
            loaded = path;
            Assert.True(UserOnly.IsFile(path));
            Assert.Equal(UserOnly.FolderRights, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
            return 7;
        }

        string?[] unusable = [Path.Combine(library, "below-a-file"), null];
        foreach (string? cache in unusable)
        {
            Assert.Equal(7, new PatchedLibrary(library, Refusal, Load).Load(cache));
            Assert.False(Directory.Exists(Path.GetDirectoryName(loaded)));
        }
    }

    [Fact]
    public void A_cache_from_which_nothing_may_be_loaded_is_passed_over()
    {
        string cache = Path.Combine(root, "cache");
        nint Load(string path) => path.StartsWith(cache, StringComparison.Ordinal) ? throw new DllNotFoundException("failed to map segment") : 7;
        Assert.Equal(7, new PatchedLibrary(library, Refusal, Load).Load(cache));
    }

    [Fact]
    public void When_nothing_helps_the_first_reason_the_attempts_and_the_true_needs_are_told()
    {
        var error = Assert.Throws<LibTorchLoadException>(() =>
            new PatchedLibrary(library, Refusal, _ => throw new DllNotFoundException("Advice of the runtime:\nlibc.so.6: version `GLIBC_2.34' not found\n")).Load(Path.Combine(root, "cache")));
        string[] lines = error.Message.Split('\n');
        Assert.Equal($"This system cannot load '{library}': {Refusal}", lines[0]);
        Assert.Equal(["A copy that asks for nothing it does not use: libc.so.6: version `GLIBC_2.34' not found"], lines[1..^1].Distinct());
        Assert.Equal(2, lines[1..^1].Length);
        Assert.Equal("It really needs: GLIBC_2.34 of libc.so.6, GLIBCXX_3.4.30 of libstdc++.so.6, or newer.", lines[^1]);
    }

    [Fact]
    public void A_library_that_asks_for_nothing_idly_is_not_copied()
    {
        string needy = Write(new ElfBuilder().Need("libstdc++.so.6", "GLIBCXX_3.4.32", used: true));
        var error = Assert.Throws<LibTorchLoadException>(() => new PatchedLibrary(needy, Refusal, _ => 7).Load(Path.Combine(root, "cache")));
        Assert.StartsWith($"This system cannot load '{needy}': {Refusal}", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(root, "cache")));
    }

    [Fact]
    public void A_damaged_library_is_told_with_the_loaders_reason_first()
    {
        string damaged = Path.Combine(root, "damaged.so");
        File.WriteAllText(damaged, "damaged");
        var error = Assert.Throws<LibTorchLoadException>(() => new PatchedLibrary(damaged, "file too short", _ => 7).Load(null));
        Assert.Equal([$"This system cannot load '{damaged}': file too short", $"'{damaged}' cannot be read: it is not an ELF file."], error.Message.Split('\n'));
        Assert.IsType<ElfFormatException>(error.InnerException);
    }

    private string Write(ElfBuilder elf)
    {
        string path = Path.Combine(root, $"lib{Guid.NewGuid():N}.so");
        File.WriteAllBytes(path, elf.Build());
        return path;
    }
}
