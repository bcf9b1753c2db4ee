using Switchyard.Models.Files;

namespace Switchyard.Models.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_link_stays_and_what_it_points_to_is_replaced()
    {
        File.WriteAllText(_folder["target"], "old");
        File.CreateSymbolicLink(_folder["link"], _folder["target"]);

        AtomicFile.WriteText(_folder["link"], "new");

        Assert.Equal(_folder["target"], new FileInfo(_folder["link"]).LinkTarget);
        Assert.Equal("new", File.ReadAllText(_folder["target"]));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void What_fails_while_it_is_written_leaves_the_old_file_and_nothing_else()
    {
        File.WriteAllText(_folder["file"], "old");

        IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(_folder["file"], stream => stream.SetLength(long.MaxValue)));

        Assert.StartsWith($"Cannot write '{_folder["file"]}': ", error.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(_folder["file"]));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_copy_replaces_the_file_of_its_name_or_leaves_it()
    {
        File.WriteAllText(_folder["from"], "new");
        File.WriteAllText(_folder["to"], "old");
        Assert.ThrowsAny<IOException>(() => AtomicFile.Copy(_folder["none"], _folder["to"]));
        Assert.Equal("old", File.ReadAllText(_folder["to"]));

        AtomicFile.Copy(_folder["from"], _folder["to"]);

        Assert.Equal("new", File.ReadAllText(_folder["to"]));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void A_device_is_written_as_it_is()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no /dev/full");

        AtomicFile.WriteText("/dev/null", "text");

        Assert.Contains("/dev/full", Assert.Throws<IOException>(() => AtomicFile.WriteText("/dev/full", "text")).Message, StringComparison.Ordinal);
        Assert.False(AtomicFile.IsDevice("/dev/shm/file"));
    }

    public void Dispose() => _folder.Dispose();
}
