using System.Text.Json;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary><c>reroute</c> of a small model of bytes.</summary>
public sealed class RerouteTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Fact]
    public void Routers_are_replaced_judged_and_the_new_checkpoint_is_one_that_other_verbs_read()
    {
        string run = Path.Combine(_folder, "run"), result = Path.Combine(_folder, "result.json");
        CommandRun done = Reroute("--router", "attention", "--balance", "dual", "--judge", Text(), "--judge-context", "32", "--output", run, "--json", result);
        Assert.Equal((0, string.Empty), (done.ExitCode, done.Error));
        Assert.Contains("perplexity", done.Output, StringComparison.Ordinal);
        Assert.Contains("attention+dual", done.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(result));
        Assert.Equal("switchyard.reroute/1", json.RootElement.GetProperty("schema").GetString());
        double after = json.RootElement.GetProperty("judgedAfter").GetProperty("loss").GetDouble();
        Assert.True(File.Exists(Path.Combine(run, "report.html")));

        string judged = Path.Combine(_folder, "eval.json");
        Assert.Equal(0, CommandRun.Of("eval", Path.Combine(run, "model"), "--text", Text(), "--context", "32", "--json", judged, "--threads", "1").ExitCode);
        using JsonDocument eval = JsonDocument.Parse(File.ReadAllText(judged));
        Assert.Equal(after, eval.RootElement.GetProperty("loss").GetDouble(), 1e-6);
        Assert.Equal(0, CommandRun.Of("eval", run, "--text", Text(), "--context", "32", "--quiet", "--threads", "1").ExitCode);
        CommandRun inspected = CommandRun.Of("inspect", Path.Combine(run, "model"));
        Assert.Contains("qwen3_moe with other routers", inspected.Output, StringComparison.Ordinal);
        Assert.Contains("layers 0, 1: attention+dual", inspected.Output, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("generate", run, "--prompt", "ab", "--max-tokens", "2", "--threads", "1").ExitCode);
        Assert.Equal(0, CommandRun.Of("reroute", "--resume", run, "--quiet", "--threads", "1").ExitCode);
    }

    [Fact]
    public void What_cannot_be_done_ends_with_one_line_and_its_code()
    {
        Reroute("--router", "rooter").AssertFails(2, "--router is 'rooter'");
        Reroute("--balance", "dull").AssertFails(3, "'dull'");
        Reroute("--router", "hash", "--balance", "dual").AssertFails(3, "hash");
        Reroute("--router", "mlp", "--init", "copy").AssertFails(3, "cannot be copied");
        Reroute("--layers", "0,9").AssertFails(3, "layer 9");
        Reroute("--layers", "a").AssertFails(3, "--layers");
        Reroute("--router-options", "{\"keysize\": 3}").AssertFails(3, "keySize");
        Reroute("--router-options", "{").AssertFails(3, "--router-options");
        Reroute("--context", "999").AssertFails(3, "longest sequence");
        Reroute("--judge", Text(), "--judge-context", "999").AssertFails(3, "--judge-context is 999");
        CommandRun.Of("reroute", Model()).AssertFails(2, "--text");
        CommandRun.Of("reroute", Model(), "--text", Path.Combine(_folder, "nothing.txt"), "--output", Path.Combine(_folder, "x")).AssertFails(3, "nothing.txt");
        string small = Path.Combine(_folder, "small.txt");
        File.WriteAllText(small, "ab");
        CommandRun.Of("reroute", Model(), "--text", small, "--context", "16", "--output", Path.Combine(_folder, "y")).AssertFails(3, "small.txt");
        CommandRun.Of("reroute", "--resume", Path.Combine(_folder, "none")).AssertFails(3, "config.json");
        CommandRun.Of("reroute", "--resume", Path.Combine(_folder, "none"), "--steps", "3").AssertFails(2, "--steps");
        CommandRun.Of("reroute", "--resume", Path.Combine(_folder, "none"), Model()).AssertFails(2, "MODEL");
        Reroute("--output", Model()).AssertFails(3, "holds a run already");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private CommandRun Reroute(params string[] arguments) => CommandRun.Of(
    [
        "reroute", Model(), "--text", Text(), "--steps", "4", "--distill-steps", "2", "--batch-sequences", "2", "--evaluate-tokens", "64", "--evaluate-every", "2", "--threads", "1",
        .. arguments.Contains("--context") ? Array.Empty<string>() : ["--context", "16"],
        .. arguments.Contains("--output") ? Array.Empty<string>() : ["--output", Path.Combine(_folder, "other")],
        .. arguments,
    ]);

    private string Text() => TinyCheckpoint.Text(_folder);

    private string Model() => TinyCheckpoint.Model(_folder);
}
