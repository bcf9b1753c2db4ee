using System.Text.Json;
using Switchyard.Cli.Verbs;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary><c>characterize</c> of a small model of bytes.</summary>
public sealed class CharacterizeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Fact]
    public void Routers_are_compared_in_a_table_a_result_and_a_report_that_can_be_built_again()
    {
        string run = Path.Combine(_folder, "run"), result = Path.Combine(_folder, "result.json");
        CommandRun done = Characterize("--routers", "linear,attention", "--output", run, "--json", result);
        Assert.Equal((0, string.Empty), (done.ExitCode, done.Error));
        Assert.Contains("original", done.Output, StringComparison.Ordinal);
        Assert.Contains("attention", done.Output, StringComparison.Ordinal);
        Assert.Contains("T = 1,024", done.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(result));
        Assert.Equal("switchyard.characterize/1", json.RootElement.GetProperty("schema").GetString());
        Assert.Equal(File.ReadAllText(result), File.ReadAllText(Path.Combine(run, "characterize.json")));
        Assert.Equal(["original", "linear", "attention"], json.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("name").GetString()));
        Assert.Equal([1, 16, 128, 1024], json.RootElement.GetProperty("rows")[0].GetProperty("latency").EnumerateArray().Select(l => l.GetProperty("tokens").GetInt32()));

        string report = File.ReadAllText(Path.Combine(run, "report.html"));
        File.Delete(Path.Combine(run, "report.html"));
        foreach (string source in (string[])[run, Path.Combine(run, "characterize.json")])
        {
            CommandRun again = CommandRun.Of("report", source, "--output", Path.Combine(run, "report.html"));
            Assert.Equal((0, done.Output), (again.ExitCode, again.Output));
            Assert.Equal(report, File.ReadAllText(Path.Combine(run, "report.html")));
        }

        Assert.Equal(0, CommandRun.Of("characterize", "--resume", run, "--quiet", "--threads", "1").ExitCode);
        Characterize("--output", run).AssertFails(3, "--resume");
    }

    [Fact]
    public void Stopped_it_says_how_to_go_on()
    {
        string run = Path.Combine(_folder, "stopped");
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using FileSystemWatcher watcher = new(Directory.CreateDirectory(run).FullName, "config.json");
        watcher.Created += (_, _) => stop.Cancel();
        watcher.Renamed += (_, _) => stop.Cancel();
        watcher.EnableRaisingEvents = true;
        CommandRun.Of(CharacterizeVerb.Make(), stop.Token, [Model(), "--text", Text(), "--judge", Text(), "--routers", "linear", "--steps", "1000000", "--context", "16", "--output", run, "--threads", "1"])
            .AssertFails(130, $"go on with: switchyard characterize --resume {run}");
        Assert.False(File.Exists(Path.Combine(run, "characterize.json")));
    }

    [Fact]
    public void What_cannot_be_done_ends_with_one_line_and_its_code()
    {
        Characterize("--routers", "rooter").AssertFails(2, "'rooter'");
        Characterize("--init", "copy").AssertFails(2, "--init is 'copy'");
        Characterize("--experts", "4").AssertFails(2, "--top-k");
        Characterize("--experts", "4", "--top-k", "2").AssertFails(3, "experts already");
        Characterize("--balance", "dull").AssertFails(3, "'dull'");
        Characterize("--routers", "linear,linear").AssertFails(2, "stands twice");
        Characterize("--context", "999").AssertFails(3, "longest sequence");
        Characterize("--judge-context", "999").AssertFails(3, "--judge-context is 999", "longest sequence");
        CommandRun.Of("characterize", Model(), "--text", Text()).AssertFails(2, "--judge");
        CommandRun.Of("characterize", Model(), "--text", Text(), "--judge", Path.Combine(_folder, "nothing.txt"), "--output", Path.Combine(_folder, "x")).AssertFails(3, "nothing.txt");
        CommandRun.Of("characterize", "--resume", Path.Combine(_folder, "none")).AssertFails(3, "config.json");
        CommandRun.Of("characterize", "--resume", Path.Combine(_folder, "none"), "--steps", "3").AssertFails(2, "--steps", "--resume");
        CommandRun.Of("characterize", "--resume", Path.Combine(_folder, "none"), Model()).AssertFails(2, "MODEL", "--resume");
        Characterize("--noise", "0.1").AssertFails(2, "--noise", "--experts");
        string small = Path.Combine(_folder, "small.txt"), output = Path.Combine(_folder, "small");
        File.WriteAllText(small, "a");
        CommandRun.Of("characterize", Model(), "--text", small, "--judge", Text(), "--context", "16", "--output", output).AssertFails(3, "small.txt");
        CommandRun.Of("characterize", Model(), "--text", Text(), "--judge", small, "--context", "16", "--output", output).AssertFails(3, "small.txt");
        Assert.False(Directory.Exists(output));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private CommandRun Characterize(params string[] arguments) => CommandRun.Of(
    [
        "characterize", Model(), "--text", Text(), "--judge", Text(), "--steps", "4", "--distill-steps", "2", "--batch-sequences", "2", "--evaluate-tokens", "64", "--evaluate-every", "2", "--threads", "1",
        .. arguments.Contains("--context") ? Array.Empty<string>() : ["--context", "16"],
        .. arguments.Contains("--output") ? Array.Empty<string>() : ["--output", Path.Combine(_folder, $"other-{arguments.GetHashCode()}")],
        .. arguments,
    ]);

    private string Text() => TinyCheckpoint.Text(_folder);

    private string Model() => TinyCheckpoint.Model(_folder);
}
