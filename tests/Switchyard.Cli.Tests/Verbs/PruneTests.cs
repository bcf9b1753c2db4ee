using System.Text.Json;
using Switchyard.Models;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary><c>prune</c> of a small model of bytes.</summary>
public sealed class PruneTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Theory]
    [InlineData("frequency")]
    [InlineData("weight")]
    [InlineData("reap")]
    public void Experts_are_taken_out_judged_and_the_new_checkpoint_is_one_that_other_verbs_read(string by)
    {
        string output = Path.Combine(_folder, "new"), result = Path.Combine(_folder, "result.json");
        CommandRun done = Prune("--by", by, "--judge", Text("judge"), "--output", output, "--json", result);
        Assert.Equal((0, string.Empty), (done.ExitCode, done.Error));
        Assert.Contains("perplexity", done.Output, StringComparison.Ordinal);
        Assert.Contains("layer 1 lost", done.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(result));
        JsonElement root = json.RootElement;
        Assert.Equal("switchyard.prune/1", root.GetProperty("schema").GetString());
        Assert.Equal((4, 3, by), (root.GetProperty("experts").GetInt32(), root.GetProperty("kept").GetInt32(), root.GetProperty("by").GetString()));
        Assert.All(root.GetProperty("layers").EnumerateArray(), l => Assert.Equal((3, 4), (l.GetProperty("kept").GetArrayLength(), l.GetProperty("scores").GetArrayLength())));

        string judged = Path.Combine(_folder, "eval.json");
        Assert.Equal(0, CommandRun.Of("eval", output, "--text", Text("judge"), "--context", "16", "--json", judged, "--threads", "1").ExitCode);
        using JsonDocument eval = JsonDocument.Parse(File.ReadAllText(judged));
        Assert.Equal(root.GetProperty("after").GetProperty("loss").GetDouble(), eval.RootElement.GetProperty("loss").GetDouble(), 1e-9);
        Assert.Contains("3 experts, 2 a token", CommandRun.Of("inspect", output).Output, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("generate", output, "--prompt", "ab", "--max-tokens", "2", "--threads", "1").ExitCode);
        Assert.Equal(0, CommandRun.Of("prune", output, "--keep", "2", "--text", Text("text"), "--merge", "--output", Path.Combine(_folder, "again"), "--quiet", "--threads", "1").ExitCode);
    }

    [Fact]
    public void A_stored_profile_takes_the_place_of_the_text()
    {
        string profile = Path.Combine(_folder, "profile"), read = Path.Combine(_folder, "read"), stored = Path.Combine(_folder, "stored"), other = Path.Combine(_folder, "other-model");
        Assert.Equal(0, CommandRun.Of("profile", Model(), "--text", Text("text"), "--context", "16", "--output", profile, "--quiet", "--threads", "1").ExitCode);
        Assert.Equal(0, Prune("--by", "weight", "--output", read, "--quiet").ExitCode);
        string[] command = ["prune", Model(), "--keep", "3", "--by", "weight", "--judge", Text("judge"), "--context", "16", "--threads", "1", "--output", stored];
        CommandRun done = CommandRun.Of([.. command, "--profile", profile]);
        Assert.Equal((0, string.Empty), (done.ExitCode, done.Error));
        Assert.Contains("text.txt, profile.json", done.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(read, "model.safetensors")), File.ReadAllBytes(Path.Combine(stored, "model.safetensors")));

        Directory.Delete(stored, recursive: true);
        string file = Path.Combine(profile, "profile.json");
        CommandRun.Of([.. command, "--profile", file, "--text", Text("text")]).AssertFails(2, "name one of them");
        CommandRun.Of(command).AssertFails(2, "--profile FILE");
        CommandRun.Of("prune", Model(), "--keep", "3", "--by", "weight", "--profile", file, "--output", stored).AssertFails(2, "--judge");
        CommandRun.Of("prune", Model(), "--keep", "3", "--judge", Text("judge"), "--profile", file, "--output", stored).AssertFails(2, "--by reap");
        CommandRun.Of([.. command, "--profile", _folder]).AssertFails(3, "there is no profile");
        Assert.Equal(0, CommandRun.Of("prune", Model(), "--keep", "2", "--text", Text("text"), "--output", other, "--quiet", "--threads", "1").ExitCode);
        CommandRun.Of(["prune", other, "--keep", "2", .. command[4..], "--profile", file]).AssertFails(3, file);
        Assert.False(Path.Exists(stored));
    }

    [Fact]
    public void What_cannot_be_done_ends_with_one_line_and_its_code()
    {
        Prune("--by", "weights").AssertFails(2, "--by is 'weights'");
        Prune("--keep", "0").AssertFails(2, "--keep is 0");
        Prune("--keep", "1").AssertFails(3, "a token uses 2");
        Prune("--keep", "5").AssertFails(3, "has 4");
        Prune("--context", "999").AssertFails(3, "longest sequence");
        Prune("--output", Model()).AssertFails(3, "there already");
        Prune("--text", Path.Combine(_folder, "nothing.txt")).AssertFails(3, "nothing.txt");
        CommandRun.Of("prune", Model(), "--keep", "3", "--text", Text("text")).AssertFails(2, "--output");
        CommandRun.Of("prune", Path.Combine(_folder, "none"), "--keep", "3", "--text", Text("text"), "--output", Path.Combine(_folder, "x")).AssertFails(3, "no model there");
        string small = Path.Combine(_folder, "small.txt");
        File.WriteAllText(small, "a");
        Prune("--text", small).AssertFails(3, "two tokens");

        string config = Path.Combine(Model(), "config.json"), text = File.ReadAllText(config);
        File.WriteAllText(config, text.Replace("\"mlp_only_layers\": []", "\"mlp_only_layers\": [0, 1]", StringComparison.Ordinal));
        Prune().AssertFails(3);
        File.WriteAllText(config, text.Replace("\"num_experts\": 4", "\"num_experts\": 3", StringComparison.Ordinal));
        Prune().AssertFails(3);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder), p => Path.GetFileName(p) is not ("model" or "small.txt" or "text.txt"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private CommandRun Prune(params string[] arguments) => CommandRun.Of(
    [
        "prune", Model(), "--threads", "1",
        .. arguments.Contains("--text") ? Array.Empty<string>() : ["--text", Text("text")],
        .. arguments.Contains("--keep") ? Array.Empty<string>() : ["--keep", "3"],
        .. arguments.Contains("--context") ? Array.Empty<string>() : ["--context", "16"],
        .. arguments.Contains("--output") ? Array.Empty<string>() : ["--output", Path.Combine(_folder, "other")],
        .. arguments,
    ]);

    private string Text(string name)
    {
        string file = Path.Combine(_folder, name + ".txt");
        File.WriteAllText(file, string.Join(' ', Enumerable.Range(name.Length, 60)));
        return file;
    }

    private string Model()
    {
        string folder = Path.Combine(_folder, "model");
        if (!Directory.Exists(folder))
        {
            using MoeTransformer model = new(new MoeTransformerOptions { HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 8, Experts = 4, TopK = 2, InnerSize = 8, SequenceLength = 64, InitialDeviation = 0.2 });
            model.Save(folder);
        }

        return folder;
    }
}
