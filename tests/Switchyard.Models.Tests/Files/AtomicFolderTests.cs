using Switchyard.Models.Files;

namespace Switchyard.Models.Tests.Files;

/// <summary>Temporary folders of whoever writes one, and of whoever did and was killed.</summary>
public sealed class AtomicFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => Path.Combine(_folder.Path, "made");

    [Fact]
    public void What_was_written_takes_its_place_and_nothing_else_stays()
    {
        Write("text");
        Assert.Equal([Path.Combine(Target, "file")], Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Where(File.Exists));
        Assert.Equal("text", File.ReadAllText(Path.Combine(Target, "file")));
    }

    [Fact]
    public void What_a_process_that_is_no_more_has_left_goes_when_the_folder_is_written_again()
    {
        string left = Left(Environment.MachineName);
        Write("text");
        Assert.False(Directory.Exists(left));
    }

    [Fact]
    public void What_somebody_works_on_stays()
    {
        using AtomicFolder first = new(Target);
        File.WriteAllText(first.Temporary("file"), "first");
        Write("second");
        Assert.Equal("first", File.ReadAllText(first.Temporary("file")));
        Directory.Delete(Target, recursive: true);
        first.Place();
        Assert.Equal(["file"], Directory.GetFileSystemEntries(Target).Select(Path.GetFileName));
    }

    [Fact]
    public void What_is_another_machines_of_another_name_or_not_of_ours_stays()
    {
        string other = Left("another machine"), longer = Left(Environment.MachineName, "made.more"), foreign = Left(null);
        string own = Directory.CreateDirectory($"{Target}.mine.tmp").FullName;
        Write("text");
        Assert.All([other, longer, foreign, own], folder => Assert.True(Directory.Exists(folder)));
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string text)
    {
        using AtomicFolder folder = new(Target);
        File.WriteAllText(folder.Temporary("file"), text);
        folder.Place();
    }

    /// <summary>A temporary folder that nobody holds, as a machine, or another program, leaves it.</summary>
    private string Left(string? machine, string name = "made")
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder.Path, $"{name}.{Guid.NewGuid():N}.tmp")).FullName;
        File.WriteAllText(Path.Combine(folder, "weights"), "half");
        if (machine is not null)
        {
            File.WriteAllText(Path.Combine(folder, ".lock"), machine);
        }

        return folder;
    }
}
