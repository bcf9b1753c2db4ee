using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Cli.Verbs;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary>What Ctrl+C does, by the token that it cancels.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly TinyRun _run = new(steps: 1_000_000);

    [Theory]
    [InlineData("compare")]
    [InlineData("train")]
    public void Training_that_is_stopped_before_it_begins_exits_with_130(string verb) =>
        CommandRun.Of(Verb(verb), new CancellationToken(canceled: true), _run.Training(verb, _run.At("run"))[1..]).AssertFails(130);

    [Theory]
    [InlineData("eval")]
    [InlineData("profile")]
    public void Judging_that_is_stopped_exits_with_130(string verb)
    {
        using TinyRun trained = new();
        string model = Path.Combine(trained.Trained("run"), "model");
        string[] output = verb is "profile" ? ["--output", trained.At("out")] : [];

        CommandRun.Of(Verb(verb), new CancellationToken(canceled: true), [model, "--text", trained.Text, "--threads", "1", .. output]).AssertFails(130, "interrupted");
    }

    [Fact]
    public void A_profile_that_is_stopped_on_its_way_leaves_no_half_of_a_trace_and_no_folder()
    {
        using TinyRun trained = new();
        string model = Path.Combine(trained.Trained("run"), "model"), folder = Directory.CreateDirectory(trained.At("traces")).FullName;
        string text = trained.Write("long.txt", string.Concat(Enumerable.Repeat("a text that takes much longer to read than the test may last. ", 200_000)));
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using FileSystemWatcher watcher = new(folder);
        watcher.Created += (_, _) => stop.Cancel();
        watcher.EnableRaisingEvents = true;

        CommandRun.Of(ProfileVerb.Make(), stop.Token, [model, "--text", text, "--threads", "1", "--trace", Path.Combine(folder, "t.parquet"), "--output", trained.At("out"), "--json", trained.At("p.json")]).AssertFails(130, "interrupted");

        Assert.Empty(Directory.GetFileSystemEntries(folder));
        Assert.False(Path.Exists(trained.At("out")) || Path.Exists(trained.At("p.json")));
    }

    [Fact]
    public void Training_that_is_stopped_leaves_a_checkpoint_says_how_to_go_on_and_goes_on()
    {
        string run = _run.At("run");
        StopAtFirstStep("train", run).AssertFails(130, $"go on with: switchyard train --resume {run}");
        string checkpoint = Assert.Single(Directory.GetDirectories(Path.Combine(run, "checkpoints")));
        int step = int.Parse(checkpoint[(checkpoint.LastIndexOf('-') + 1)..]);
        Assert.InRange(step, 1, 999_999);

        TinyRun.SetTraining(run, ("steps", step + 2));
        CommandRun rest = CommandRun.Of("train", "--resume", run, "--threads", "1");

        Assert.True(rest.ExitCode == 0, rest.Error);
        Assert.Equal(Enumerable.Range(1, step + 2), File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line => (int)JsonNode.Parse(line)!["step"]!));
    }

    [Fact]
    public void A_comparison_that_is_stopped_leaves_its_row_and_says_how_to_go_on()
    {
        string run = _run.At("run");
        string row = Path.Combine(run, "rows", "linear");

        StopAtFirstStep("compare", run, "--rows", "linear,hash").AssertFails(130, $"go on with: switchyard compare --resume {run}");

        Assert.Single(Directory.GetDirectories(Path.Combine(row, "checkpoints")));
        Assert.False(File.Exists(Path.Combine(run, "compare.json")));
    }

    [Fact]
    public void A_comparison_goes_on_with_the_seeds_and_the_command_that_it_began_with()
    {
        string run = _run.At("run");
        string row = Path.Combine(run, "rows", "hash-seed-1");
        StopAtFirstStep("compare", run, "--rows", "hash", "--seeds", "2").AssertFails(130, "--resume");
        int steps = int.Parse(Directory.GetDirectories(Path.Combine(row, "checkpoints"))[0].Split('-')[^1]) + 1;
        JsonNode config = TinyRun.SetTraining(run, ("steps", steps));
        TinyRun.SetTraining(row, ("steps", steps));

        CommandRun rest = CommandRun.Of("compare", "--resume", run, "--threads", "1");

        Assert.True(rest.ExitCode == 0, rest.Error);
        Assert.Equal(["hash-seed-1", "hash-seed-2"], Directory.GetDirectories(Path.Combine(run, "rows")).Select(Path.GetFileName).Order());
        JsonNode result = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "compare.json")))!;
        Assert.Equal([1, 2], result["model"]!["seeds"]!.AsArray().Select(s => s!.GetValue<int>()));
        Assert.Contains("--rows hash --seeds 2", result["command"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(result["machine"]!["version"]!.GetValue<string>(), config["machine"]!["version"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("compare", "--steps", "5")]
    [InlineData("compare", "--rows", "linear")]
    [InlineData("compare", "--seeds", "3")]
    [InlineData("train", "--seed", "7")]
    [InlineData("train", "--output", "elsewhere")]
    public void What_would_change_a_run_that_goes_on_is_refused(string verb, string option, string value) =>
        CommandRun.Of(verb, "--resume", _run.At("run"), option, value).AssertFails(2, option, "--resume");

    public void Dispose() => _run.Dispose();

    private static Command Verb(string name) => name switch
    {
        "compare" => CompareVerb.Make(),
        "train" => TrainVerb.Make(),
        "eval" => EvalVerb.Make(),
        _ => ProfileVerb.Make(),
    };

    /// <summary>Trains a million steps, and cancels as soon as the first is told in the folder of the row.</summary>
    private CommandRun StopAtFirstStep(string verb, string output, params string[] more)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using FileSystemWatcher watcher = new(Directory.CreateDirectory(output).FullName, "metrics.jsonl") { IncludeSubdirectories = true };
        watcher.Created += (_, _) => stop.Cancel();
        watcher.Changed += (_, _) => stop.Cancel();
        watcher.EnableRaisingEvents = true;
        return CommandRun.Of(Verb(verb), stop.Token, _run.Training(verb, output, more)[1..]);
    }
}
