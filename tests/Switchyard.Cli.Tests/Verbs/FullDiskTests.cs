namespace Switchyard.Cli.Tests.Verbs;

/// <summary>A disk that is full when a checkpoint is to be written.</summary>
public sealed class FullDiskTests : IDisposable
{
    /// <summary>Room for configuration, metrics and packed text; not for weights.</summary>
    private const int Kibibytes = 20;

    private readonly TinyRun _run = new(steps: 2);

    [Theory]
    [InlineData("train", "checkpoints")]
    [InlineData("compare", "rows/hash/checkpoints")]
    public async Task A_checkpoint_that_does_not_fit_is_told_in_a_line_and_the_one_before_it_stays(string verb, string checkpoints)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits of a process are set by bash");
        string run = _run.At("run");
        string[] rows = verb is "compare" ? ["--rows", "hash"] : [];
        CommandRun first = CommandRun.Of(_run.Training(verb, run, ["--quiet", .. rows]));
        Assert.True(first.ExitCode == 0, first.Error);
        string folder = Path.Combine(run, checkpoints);
        Dictionary<string, byte[]> before = Contents(folder);
        Lengthen(run);
        (await CommandRun.WithLittleDiskAsync(Kibibytes, verb, "--resume", run, "--quiet")).AssertFails(1, "Cannot write", "safetensors");

        Dictionary<string, byte[]> after = Contents(folder);
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), after.Keys.Order(StringComparer.Ordinal));
        Assert.All(before, file => Assert.Equal(file.Value, after[file.Key]));
    }

    [Fact]
    public void A_result_that_does_not_fit_is_told_and_its_device_stays()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no /dev/full");

        CommandRun.Of(_run.Training("train", _run.At("run"), "--quiet", "--json", "/dev/full")).AssertFails(1, "Cannot write '/dev/full'");

        Assert.True(File.Exists("/dev/full"));
    }

    public void Dispose() => _run.Dispose();

    /// <summary>Gives a run that has ended two more steps.</summary>
    private static void Lengthen(string run)
    {
        foreach (string config in Directory.GetFiles(run, "config.json", SearchOption.AllDirectories).Where(f => !f.Contains("/model/", StringComparison.Ordinal)))
        {
            TinyRun.SetTraining(Path.GetDirectoryName(config)!, ("steps", 4));
        }

        if (Directory.Exists(Path.Combine(run, "rows")))
        {
            File.Delete(Path.Combine(run, "rows", "hash", "row.json"));
        }
    }

    private static Dictionary<string, byte[]> Contents(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllBytes, StringComparer.Ordinal);
}
