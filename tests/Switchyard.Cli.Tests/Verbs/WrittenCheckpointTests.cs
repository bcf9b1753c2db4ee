using System.CommandLine;
using Switchyard.Cli.Verbs;
using Switchyard.Models;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary>What can go wrong while the verbs that make a checkpoint out of another write: a full disk, a process that is killed, a user who stops it. The original stays byte for byte, and nothing is left that could be taken for the new checkpoint.</summary>
public sealed class WrittenCheckpointTests : IDisposable
{
    /// <summary>Room for whatever is written beside weights, and not for these.</summary>
    private const int LittleDisk = 20;

    /// <summary>Room for the weights, and not for another file of the checkpoint, which comes behind them.</summary>
    private const int DiskForWeights = 200;

    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    public static TheoryData<string> Verbs => ["quantize", "quantize --calibrate", "prune", "upcycle", "reroute", "characterize"];

    public static TheoryData<string, int> Disks => new MatrixTheoryData<string, int>(["quantize", "quantize --calibrate", "prune", "upcycle", "reroute"], [LittleDisk, DiskForWeights]) { { "characterize", LittleDisk } };

    [Theory]
    [MemberData(nameof(Disks))]
    public async Task A_full_disk_is_told_in_a_line_and_leaves_nothing_that_loads(string verb, int kibibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits of a process are set by bash");
        Dictionary<string, byte[]> before = Original(verb);

        CommandRun full = await CommandRun.WithLittleDiskAsync(kibibytes, Arguments(verb));

        full.AssertFails(1, _folder);
        Assert.Equal(before, Contents(Source(verb)));
        Assert.Empty(Models());
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder, "*", SearchOption.AllDirectories), entry => entry.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Disks))]
    public async Task A_process_that_is_killed_as_it_writes_leaves_nothing_that_loads_and_its_temporary_folders_go_when_it_is_done_again(string verb, int kibibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits of a process are set by bash");
        Dictionary<string, byte[]> before = Original(verb);

        CommandRun killed = await CommandRun.KilledByLittleDiskAsync(kibibytes, Arguments(verb));

        Assert.Equal((128 + 25, string.Empty), (killed.ExitCode, killed.Error)); // SIGXFSZ
        Assert.Equal(before, Contents(Source(verb)));
        Assert.Empty(Models());
        foreach (string left in Directory.GetDirectories(_folder, "*", SearchOption.AllDirectories).Where(d => d != Source(verb)))
        {
            Assert.ThrowsAny<Exception>(() => MoeTransformer.Load(left).Dispose());
        }

        Remove("large.txt");
        CommandRun again = CommandRun.Of(verb is "reroute" or "characterize" ? [verb, "--resume", Target(verb), "--quiet", "--threads", "1"] : Arguments(verb));
        Assert.Equal((0, string.Empty), (again.ExitCode, again.Error));
        Assert.Equal(before.Where(f => f.Key is not "large.txt"), Contents(Source(verb)));
        Assert.DoesNotContain(Directory.GetDirectories(_folder, "*", SearchOption.AllDirectories), left => left.EndsWith(".tmp", StringComparison.Ordinal));
        if (verb is not "characterize")
        {
            MoeTransformer.Load(Written(verb)).Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Whoever_stops_it_before_it_writes_has_what_there_was(string verb)
    {
        Dictionary<string, byte[]> before = Original(verb);

        CommandRun stopped = CommandRun.Of(Command(verb), new CancellationToken(canceled: true), Arguments(verb)[1..]);

        stopped.AssertFails(130);
        Assert.Single(stopped.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(before, Contents(Source(verb)));
        Assert.Empty(Models());
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder, "*", SearchOption.AllDirectories), entry => entry.EndsWith(".tmp", StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Command Command(string verb) => verb switch
    {
        "prune" => PruneVerb.Make(),
        "upcycle" => UpcycleVerb.Make(),
        "reroute" => RerouteVerb.Make(),
        "characterize" => CharacterizeVerb.Make(),
        _ => QuantizeVerb.Make(),
    };

    private string[] Arguments(string verb)
    {
        string text = TinyCheckpoint.Text(_folder);
        string[] training = ["--text", text, "--context", "16", "--steps", "2", "--distill-steps", "1", "--batch-sequences", "2", "--evaluate-tokens", "64", "--evaluate-every", "2"];
        string[] arguments = verb switch
        {
            "quantize" => ["quantize", Source(verb)],
            "quantize --calibrate" => ["quantize", Source(verb), "--calibrate", text, "--context", "16"],
            "prune" => ["prune", Source(verb), "--keep", "3", "--text", text, "--context", "16"],
            "upcycle" => ["upcycle", Source(verb), "--experts", "4", "--top-k", "2"],
            "reroute" => ["reroute", Source(verb), .. training],
            _ => ["characterize", Source(verb), .. training, "--judge", text, "--routers", "linear"],
        };
        return [.. arguments, "--output", Target(verb), "--quiet", "--threads", "1"];
    }

    /// <summary>The original, with a file that takes more room than its weights; what it holds.</summary>
    private Dictionary<string, byte[]> Original(string verb)
    {
        string folder = Source(verb);
        if (verb is "upcycle")
        {
            using MoeTransformer dense = new(new MoeTransformerOptions { HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 8, DenseInnerSize = 24, DenseLayers = [0, 1], SequenceLength = 64 });
            dense.Save(folder);
        }
        else
        {
            TinyCheckpoint.Model(_folder);
        }

        File.WriteAllBytes(Path.Combine(folder, "large.txt"), new byte[300 << 10]);
        return Contents(folder);
    }

    private string Source(string verb) => Path.Combine(_folder, verb is "upcycle" ? "dense" : "model");

    private string Target(string verb) => Path.Combine(_folder, "made", verb);

    private string Written(string verb) => verb is "reroute" ? Path.Combine(Target(verb), "model") : Target(verb);

    private void Remove(string file) => Array.ForEach(Directory.GetFiles(_folder, file, SearchOption.AllDirectories), File.Delete);

    /// <summary>Folders of models beside the original.</summary>
    private IEnumerable<string> Models() => Directory.Exists(Path.Combine(_folder, "made"))
        ? Directory.GetFiles(Path.Combine(_folder, "made"), "config.json", SearchOption.AllDirectories).Where(f => File.ReadAllText(f).Contains("\"model_type\"", StringComparison.Ordinal))
        : [];

    private static Dictionary<string, byte[]> Contents(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllBytes, StringComparer.Ordinal);
}
