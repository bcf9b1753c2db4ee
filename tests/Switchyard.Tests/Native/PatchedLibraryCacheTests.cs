using System.Runtime.Versioning;

namespace Switchyard.Native;

[SupportedOSPlatform("linux")]
public sealed class PatchedLibraryCacheTests : IDisposable
{
    private static readonly byte[] Original = [1, 2, 3, 4], Patched = [1, 2, 3, 6];

    private readonly string root;
    private readonly string folder;

    public PatchedLibraryCacheTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux needs patched copies.");
        root = Directory.CreateTempSubdirectory("switchyard-tests-").FullName;
        folder = Path.Combine(root, "switchyard", "native");
    }

    public void Dispose()
    {
        if (root is not null)
            Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_copy_is_named_by_the_hash_of_its_original_and_is_the_users_alone()
    {
        string path = Store();
        Assert.Equal("liba-9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a.so", Path.GetFileName(path));
        Assert.Equal(Patched, File.ReadAllBytes(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        foreach (string made in new[] { folder, Path.GetDirectoryName(folder)! })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(made));
    }

    [Fact]
    public void A_copy_that_is_as_it_should_be_is_not_written_again()
    {
        string path = Store();
        var written = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(path, written);
        Assert.Equal(path, Store());
        Assert.Equal(written, File.GetLastWriteTimeUtc(path));
    }

    [Fact]
    public void A_copy_with_other_bytes_is_replaced()
    {
        string path = Store();
        File.WriteAllBytes(path, Original);
        AssertReplaced(path);
        File.WriteAllBytes(path, Patched[..2]);
        AssertReplaced(path);
    }

    [Fact]
    public void A_copy_that_others_may_write_is_replaced()
    {
        string path = Store();
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        AssertReplaced(path);
    }

    [Fact]
    public void A_link_in_place_of_a_copy_is_replaced_and_its_target_left()
    {
        string path = Store();
        string target = Path.Combine(root, "target");
        File.Move(path, target);
        File.CreateSymbolicLink(path, target);
        AssertReplaced(path);
        Assert.Equal(Patched, File.ReadAllBytes(target));
    }

    [Fact]
    public void Rights_of_others_on_the_folder_are_taken()
    {
        Store();
        File.SetUnixFileMode(folder, UserOnly.FolderRights | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
        Store();
        Assert.Equal(UserOnly.FolderRights, File.GetUnixFileMode(folder));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_an_IOException()
    {
        string file = Path.Combine(root, "file");
        File.WriteAllText(file, "");
        Assert.Throws<IOException>(() => PatchedLibraryCache.Store(Path.Combine(file, "native"), "liba.so", Original, Patched));
    }

    [Fact]
    public void A_folder_in_place_of_a_copy_is_an_error_and_leaves_nothing_behind()
    {
        string path = Store();
        File.Delete(path);
        Directory.CreateDirectory(path);
        Assert.ThrowsAny<SystemException>(() => Store());
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public void What_a_killed_writer_left_is_deleted_after_an_hour()
    {
        string path = Store();
        string old = path + ".0123", young = path + ".4567";
        File.WriteAllText(old, "");
        File.WriteAllText(young, "");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
        File.Delete(path);
        Store();
        Assert.Equal([path, young], Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Many_at_once_get_one_whole_copy()
    {
        byte[] original = new byte[1 << 20], patched = [.. original[1..], 1];
        for (int round = 0; round < 10; round++)
        {
            string fresh = Path.Combine(root, $"round{round}");
            string[] paths = new string[8];
            Parallel.For(0, paths.Length, new ParallelOptions { MaxDegreeOfParallelism = paths.Length }, i =>
            {
                paths[i] = PatchedLibraryCache.Store(fresh, "liba.so", original, patched);
                Assert.Equal(patched, File.ReadAllBytes(paths[i]));
            });
            Assert.Equal(Assert.Single(Directory.EnumerateFiles(fresh)), Assert.Single(paths.Distinct()));
        }
    }

    private string Store() => PatchedLibraryCache.Store(folder, "liba.so", Original, Patched);

    private void AssertReplaced(string path)
    {
        Assert.Equal(path, Store());
        Assert.True(UserOnly.IsFile(path));
        Assert.Equal(Patched, File.ReadAllBytes(path));
        Assert.Single(Directory.EnumerateFiles(folder));
    }
}
